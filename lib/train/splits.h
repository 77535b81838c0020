/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_SPLITS_H
#define TRAIN_SPLITS_H

#include "base/workers.h"

#include <stdbool.h>
#include <stddef.h>

/* A mini-batch that is cut into splits, each of which is trained on as if it were alone. Their gradients are added
 * in a fixed binary tree: the sum of n splits is that of the first 2^k and that of the others, with the largest 2^k
 * < n. So it has the same bits wherever a split was computed. With several ranks (base/ranks.h) each has as many
 * splits, one after another, whose number is a power of two: they are a subtree. */
struct splits {
    size_t count;            /* of the mini-batch */
    size_t first, end;       /* the numbers of those of this rank */
    struct workers *workers; /* not owned, like the next one */
    float *sum;              /* [size], the gradient of one split, and in the end of those of this rank */
    size_t size;
    float **partial; /* [depth], sums that wait for others; owned */
    size_t depth;
};

/* Returns whether `ranks` ranks can share `count` splits. */
bool splits_fit_ranks(size_t count, size_t ranks);

/* Prepares for `count` splits of gradients `sum` [size]. 0 or -1; end with splits_end in both cases. */
int splits_start(struct splits *splits, size_t count, struct workers *workers, float *sum, size_t size)
    __attribute__((warn_unused_result));

/* Returns the first of the `items` items of a mini-batch that split number `split` has; that of the number `count`
 * is their end. */
size_t splits_first(const struct splits *splits, size_t items, size_t split);

/* Called when the numbers [first, first + size) of the gradient of split number `split`, one of this rank's in
 * ascending order, are in `sum`. After the last one they are those of all splits of this rank. */
void splits_add(struct splits *splits, size_t split, size_t first, size_t size);

void splits_end(struct splits *splits);

#endif
