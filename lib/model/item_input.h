/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ITEM_INPUT_H
#define MODEL_ITEM_INPUT_H

#include "dist/likelihood.h"
#include "stream/dataset.h"

#include <stdint.h>

/* From a stream's items to what the encoder and the likelihood see. */

/* What becomes of an element x in [0,1]: itself; 1 if x >= 1/2, else 0; or 1 with probability x, drawn anew
 * for each noise. */
enum binarize { BINARIZE_NONE, BINARIZE_THRESHOLD, BINARIZE_SAMPLE, BINARIZES };

const char *binarize_name(enum binarize binarize);

/* The value of that name: none, threshold, sample. -1 with a message opened by `what`. */
int binarize_find(const char *what, const char *name);

/* One item's n elements for the likelihood, `noise` saying which of the draws. NaN stays NaN. */
void item_to_float(const struct likelihood *likelihood, enum binarize binarize, enum dtype dtype, const void *from,
                   size_t n, struct noise noise, float *x);

/* The mean of each element [elements] over the items that have it, as the likelihood sees them: that of
 * binarization's draws is that of the elements. 0 or -1. */
int items_mean(const struct likelihood *likelihood, enum binarize binarize, const struct dataset *set, double *mean)
    __attribute__((warn_unused_result));

/* 0 if the likelihood can hold all n elements of an item, else -1 with a message that names the item and
 * the element. With binarize they must be in [0,1] whatever the likelihood; with `missing` they may be NaN. */
int item_check(const struct likelihood *likelihood, size_t levels, enum binarize binarize, bool missing,
               enum dtype dtype, const void *from, size_t n, const char *name, uint64_t item)
    __attribute__((warn_unused_result));

/* True if some element of an item is neither 0 nor 1 nor missing. */
bool item_is_grey(enum dtype dtype, const void *from, size_t n);

#endif
