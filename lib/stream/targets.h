/* SPDX-License-Identifier: MIT */
#ifndef STREAM_TARGETS_H
#define STREAM_TARGETS_H

#include "stream/item_numbers.h"

/* Targets, which are a number of each item of another stream, such as the solubility of a molecule: a stream of any
 * type, of shape 1; u8 are taken as they are. NaN stands for a target that is not known. A model with a head learns
 * to predict them. */

/* As item_numbers_open. */
int targets_open(struct item_numbers *targets, const char *path) __attribute__((warn_unused_result));

/* As item_numbers_next. -1 also if a target is infinite or too large for a float. */
int targets_next(struct item_numbers *targets, double *target, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Reads all targets of `count` items of the stream `name`. *target [count] is to be freed by the caller. 0 or -1.
 */
int targets_load(double **target, const char *path, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Returns the XXH64 of the targets as doubles. It does not depend on the type of the stream's numbers. */
uint64_t targets_digest(const double *target, size_t count);

#endif
