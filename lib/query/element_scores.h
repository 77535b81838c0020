/* SPDX-License-Identifier: MIT */
#ifndef QUERY_ELEMENT_SCORES_H
#define QUERY_ELEMENT_SCORES_H

#include "query/evaluate.h"

/* The terms of an item's reconstruction: for each element minus log p(x_i|z) in nats, as a mean over the draws of
 * an evaluator. They are 0 for a missing element, and add up to minus the item's reconstruction, to the rounding of
 * floats. */
struct element_scores {
    double *term; /* [rows of the evaluator's batch, elements]; owned */
    double *draw; /* the same, scratch */
    size_t elements;
};

/* Makes the evaluator call for each draw. To be called after evaluator_start. The scores must outlive the
 * evaluator. 0, or -1 if memory runs out; end with element_scores_end in both cases. */
int element_scores_start(struct element_scores *scores, struct evaluator *evaluator)
    __attribute__((warn_unused_result));

/* Returns the terms of the batch's item i [elements]; they belong to the scores. */
const double *element_scores_of(const struct element_scores *scores, size_t i);

void element_scores_end(struct element_scores *scores);

#endif
