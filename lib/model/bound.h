/* SPDX-License-Identifier: MIT */
#ifndef MODEL_BOUND_H
#define MODEL_BOUND_H

#include "model/model.h"
#include "model/objective.h"

/* The bound on log p(x) that training climbs, from the terms of a pass. */

/* Of each of the items [first, first + items): sets the weights of its draws in the gradient, and bound [items of
 * the pass], nats. */
void bound_weigh(struct pass *pass, const struct model *model, const struct objective *objective, size_t first,
                 size_t items, double *bound);

/* log p(x|z) + log p(z) - log q(z|x) of a draw: its log importance weight, nats. */
double bound_log_weight(const struct pass *pass, const struct model *model, size_t row);

#endif
