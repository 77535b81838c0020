/* SPDX-License-Identifier: MIT */
#ifndef QUERY_IMPUTE_H
#define QUERY_IMPUTE_H

#include "query/evaluate.h"

/* Imputes missing elements, from the draws z_k ~ q(z|x) of an evaluator and their importance weights w_k, which are
 * those of the observed elements. The mean is sum of w_k E[x|z_k] / sum of w_k, which converges to
 * E[missing|observed] as the number of draws grows. A draw is x ~ p(x|z_k), with k drawn with probability
 * w_k / sum of w: sampling importance resampling. Both are from Mattei and Frellsen 2019. */
struct imputer {
    bool sample; /* a draw instead of the mean */
    /* [rows of the evaluator's batch, elements], the imputed items; not set for items without missing elements */
    float *x;
    float *mean;    /* the same, scratch */
    bool *observed; /* [elements], for the caller: whether an item has the element; at first false */
};

/* Makes the evaluator call the imputer for each draw. To be called after evaluator_start with `marginal`. The
 * imputer must outlive the evaluator. 0, or -1 if memory runs out; end with imputer_end in both cases. */
int imputer_start(struct imputer *imputer, struct evaluator *evaluator, bool sample)
    __attribute__((warn_unused_result));

void imputer_end(struct imputer *imputer);

#endif
