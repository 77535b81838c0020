/* SPDX-License-Identifier: MIT */
#ifndef MODEL_BOUND_H
#define MODEL_BOUND_H

#include "model/model.h"
#include "model/objective.h"

/* The bound on log p(x) that training maximises, from the terms of a pass. */

/* For the items [first, first + items), after the forward pass: sets pass->weight, the weights of an item's draws
 * in the gradient, and bound [items of the pass], in nats per item and with the whole beta, also in the warm-up.
 * Writes these items only; threads may take disjoint items. */
void bound_weigh(struct pass *pass, const struct model *model, const struct objective *objective, size_t first,
                 size_t items, double *bound);

/* Returns the KL of an item that the bound has: with free bits, that of each latent is at least these. Nats. */
double bound_kl(const struct pass *pass, const struct model *model, const struct objective *objective, size_t item);

/* Returns the log importance weight of the draw in row `row`, log p(x|z) + log p(z) - log q(z|x), in nats. The
 * target has no part in it. */
double bound_log_weight(const struct pass *pass, const struct model *model, size_t row);

/* Returns the target's term of the objective for a draw, target_weight log p(t|z), in nats; 0 if there is none. */
double bound_target(const struct pass *pass, const struct model *model, const struct objective *objective,
                    size_t row);

#endif
