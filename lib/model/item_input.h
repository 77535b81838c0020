/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ITEM_INPUT_H
#define MODEL_ITEM_INPUT_H

#include "dist/likelihood.h"
#include "stream/dataset.h"

#include <stdint.h>

/* Converts the items of a stream to the numbers that the encoder and the likelihood take. Arrays belong to the
 * caller. */

/* How an element x in [0,1] is binarized: not at all; to 1 if x >= 1/2, else 0; or to 1 with probability x, else 0,
 * with a new draw for each struct noise. */
enum binarize { BINARIZE_NONE, BINARIZE_THRESHOLD, BINARIZE_SAMPLE, BINARIZES };

const char *binarize_name(enum binarize binarize);

/* Returns the value with this name: none, threshold or sample. -1 with a message that begins with `what`. */
int binarize_find(const char *what, const char *name);

/* Converts the n elements of an item to x [n], and binarizes them. `noise` identifies the draw of BINARIZE_SAMPLE.
 * NaN stays NaN. */
void item_to_float(const struct likelihood *likelihood, enum binarize binarize, enum dtype dtype, const void *from,
                   size_t n, struct noise noise, float *x);

/* Writes the mean of each element, `mean` [elements of an item], over the items in which it is not NaN, after
 * conversion. With BINARIZE_SAMPLE that is the mean of the elements themselves. 0, or -1 if memory runs out. */
int items_mean(const struct likelihood *likelihood, enum binarize binarize, const struct dataset *set, double *mean)
    __attribute__((warn_unused_result));

/* The numbers that items may have. */
struct item_support {
    const struct likelihood *likelihood;
    size_t levels;          /* of categories */
    enum binarize binarize; /* unless it is BINARIZE_NONE, numbers are in [0,1] for every likelihood */
    bool missing;           /* they may be NaN */
    bool tokens;            /* levels are numbers of tokens, and 0 the end */
};

/* Checks all n elements of an item. 0, or -1 with a message that begins with `name` and has the item's number
 * `item` and the element. */
int item_check(const struct item_support *support, enum dtype dtype, const void *from, size_t n, const char *name,
               uint64_t item) __attribute__((warn_unused_result));

/* Returns whether an element of the item is neither 0 nor 1 nor NaN; a u8 element stands for value / 255. */
bool item_is_grey(enum dtype dtype, const void *from, size_t n);

#endif
