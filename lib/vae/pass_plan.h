#ifndef VAE_PASS_PLAN_H
#define VAE_PASS_PLAN_H

#include "vae/pass.h"
#include "vae/plan.h"

/* A pass's layers as operations of a plan whose rows are its items. Each appends one. */

/* pass_forward. */
void pass_plan_forward(struct plan *plan, struct pass *pass, size_t layer);

/* pass_backward. */
void pass_plan_backward(struct plan *plan, struct pass *pass, size_t layer);

/* A tile of such a plan's rows and of a layer's groups of units as one of the layer's own. */
struct tile pass_plan_tile(const struct pass *pass, size_t layer, const struct tile *tile);

#endif
