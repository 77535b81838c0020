/* SPDX-License-Identifier: MIT */
#ifndef RUN_SPLIT_H
#define RUN_SPLIT_H

#include "stream/dataset.h"

/* Takes a random part of the training data for validation. */
struct split {
    double fraction; /* of the items, in (0, 1): at least one item, and all but one at most, are taken */
    uint64_t seed;   /* each subset of this size is equally probable */
};

/* Moves the items of `validation`, which becomes a part of the memory of `train`, behind those that stay there. The
 * same is done to labels and targets [items of train]; NULL: there are none. *number becomes the array to which
 * train->number points, which the caller frees after the last use of the sets. 0 or -1. */
int split_data(const struct split *split, struct dataset *train, uint32_t *label, double *target,
               struct dataset *validation, uint32_t **number) __attribute__((warn_unused_result));

#endif
