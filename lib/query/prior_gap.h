/* SPDX-License-Identifier: MIT */
#ifndef QUERY_PRIOR_GAP_H
#define QUERY_PRIOR_GAP_H

#include "base/workers.h"
#include "model/model.h"
#include "stream/dataset.h"

/* How far the latents of items are from a normal prior. Let q(z) be the mean of q(z|x) over N items, and m_j and
 * v_j the mean and the variance of latent j under q(z). The normal distribution N with these moments is the one
 * nearest to q(z), and KL(q || N(0, I)) = KL(q || N) + KL(N || N(0, I)). The second term, without correlations, is
 *     1/2 sum over j of (v_j + m_j^2 - 1 - log v_j),
 * a lower bound of KL(q(z) || N(0, I)). */

#define PRIOR_GAP_ITEMS 1000 /* at most so many are encoded, spread over the data set */

/* Sets *gap to this bound, in nats, for up to PRIOR_GAP_ITEMS items of a set that has at least one, and *items to
 * their number. label [items of the set]: NULL if the model is not conditional on labels. Packs the model's net,
 * whose prior must be normal. 0, or -1 if memory runs out. */
int prior_gap(const struct model *model, const struct dataset *set, const uint32_t *label, struct workers *workers,
              uint64_t seed, double *gap, size_t *items) __attribute__((warn_unused_result));

#endif
