/* SPDX-License-Identifier: MIT */
#ifndef LAYER_PATCHES_H
#define LAYER_PATCHES_H

#include "layer/window.h"

/* Products with the patches of a window, on the calling thread. Patches of some positions at a time are gathered in
 * scratch. Arrays belong to the caller. No function fails. */

#define PATCHES_BLOCK ((size_t)24) /* positions of one product: whole tiles at each level of the kernels */

/* The right factor of a product. It is in panels or, if the backend reads no panels, row-major. */
struct right_factor {
    size_t rows, columns;
};

/* Returns the floats of a factor. */
size_t right_factor_size(const struct right_factor *factor);

/* Sets element (row, column) of the factor `to`. */
void right_factor_set(const struct right_factor *factor, float *to, size_t row, size_t column, float value);

/* y [positions, columns] = the patches of the positions [from, end) of x times the factor `weights`, plus the bias
 * [columns], if it is not NULL, or beta y. Scratch: PATCHES_BLOCK patches. */
void patches_multiply(const struct window *window, const struct right_factor *factor, const float *weights,
                      const float *x, size_t from, size_t end, float *y, const float *bias, float beta,
                      float *scratch);

/* The adjoint function: adds to the patches of the positions [from, end) of x the product of y [positions, rows]
 * with the factor `weights`. Scratch: PATCHES_BLOCK patches. */
void patches_add(const struct window *window, const struct right_factor *factor, const float *weights,
                 const float *y, size_t from, size_t end, float *x, float *scratch);

/* sum [units, window_patch] = beta sum + a' times the patches of the positions [0, count) of x, with a [count,
 * units]. patches_sum_block returns how many positions it takes at a time, and patches_sum_scratch the floats of
 * scratch. */
void patches_sum(const struct window *window, const float *x, const float *a, size_t units, size_t count,
                 float beta, float *sum, float *scratch);
size_t patches_sum_block(size_t patch);
size_t patches_sum_scratch(size_t patch);

#endif
