/* SPDX-License-Identifier: MIT */
#ifndef QUERY_IMPUTE_H
#define QUERY_IMPUTE_H

#include "query/evaluate.h"

/* Missing elements given the observed ones, from the importance weights w_k of an evaluator's draws z_k ~ q(z|x), x
 * without the missing elements. The mean: sum of w_k E[x|z_k] / sum of w_k, which is E[missing|observed] in the
 * limit (Mattei and Frellsen 2019); or a draw: of one x ~ p(x|z_k) with probability w_k / sum of w (sampling
 * importance resampling, likewise there). */
struct imputer {
    bool sample;
    float *x;    /* [BATCH_ROWS, elements], of the batch's items; those that are whole have none */
    float *mean; /* [BATCH_ROWS, elements], scratch */
};

/* Has an evaluator's draws impute; after evaluator_start, with `marginal`. 0 or -1; end with imputer_end. */
int imputer_start(struct imputer *imputer, struct evaluator *evaluator, bool sample)
    __attribute__((warn_unused_result));

void imputer_end(struct imputer *imputer);

#endif
