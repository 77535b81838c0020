/* SPDX-License-Identifier: MIT */
#ifndef QUERY_GENERATE_H
#define QUERY_GENERATE_H

#include "query/batch.h"

/* Decodes latents to items: the mean of p(x|z), or a draw from it. A sequence is decoded position by position, and
 * each position is given the token that was chosen for the one before it: the most probable one, which need not
 * give the most probable sequence (greedy decoding), or a draw. */
struct generation {
    bool sample;        /* a draw instead of the mean, or of the most probable token */
    double temperature; /* of categories: probabilities are proportional to p^(1/temperature); above 0 */
    uint64_t seed;
};

/* Decodes the latents of the range's rows, which are set, to x. Noise is keyed by the item's number and the
 * position. After the end of a sequence, x is 0. */
void generate(struct batch *batch, const struct range *range, const struct generation *generation);

#endif
