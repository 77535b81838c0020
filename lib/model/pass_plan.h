/* SPDX-License-Identifier: MIT */
#ifndef MODEL_PASS_PLAN_H
#define MODEL_PASS_PLAN_H

#include "model/pass.h"
#include "nn/plan.h"

/* A pass's layers as operations of a plan whose rows are the pass's items. Each function appends one operation. */

/* pass_forward. */
void pass_plan_forward(struct plan *plan, struct pass *pass, size_t layer);

/* pass_backward. */
void pass_plan_backward(struct plan *plan, struct pass *pass, size_t layer);

/* Converts a tile of the plan's rows and of a layer's units to a tile of the layer's rows and outputs. */
struct tile pass_plan_tile(const struct pass *pass, size_t layer, const struct tile *tile);

#endif
