/* SPDX-License-Identifier: MIT */
#ifndef LAYER_OUTER_H
#define LAYER_OUTER_H

#include <stddef.h>

/* Sums of outer products, of which the gradients of weights are made, on the calling thread. */

/* Rows of two matrices: a [count, units], whose rows are `a_row` floats apart, and b [count, columns]. */
struct outer {
    const float *a, *b;
    size_t a_row, units, columns, count;
};

/* Writes b in panels, as the product reads it, to memory for outer_panels(count, columns) floats. */
void outer_pack(const struct outer *outer, float *panels);
size_t outer_panels(size_t count, size_t columns);

/* sum [units, columns] = beta sum + a' b, with the panels of b. With beta 0 the old values are not read. */
void outer_add(const struct outer *outer, float beta, float *sum, const float *panels);

/* Returns how many rows of so many columns a sum takes at a time, so that they stay in the cache: a multiple of 8.
 */
size_t outer_block(size_t columns);

/* The end of a gradient: to [n] = beta to + scale times every step-th number of `sum`. With beta 0 the old values
 * are not read. */
void outer_mix(float *to, const float *sum, size_t step, size_t n, float scale, float beta);

#endif
