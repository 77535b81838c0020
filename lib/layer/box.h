/* SPDX-License-Identifier: MIT */
#ifndef LAYER_BOX_H
#define LAYER_BOX_H

#include "layer/image.h"

/* Sums over squares of side x side neighbouring pixels, and the adjoint function. `small` is a picture of the shape
 * `image`; `large` has side - 1 more rows and columns. `row` is memory for a row of `large`. */

/* small[i, j] = the sum over a, b in [0, side) of large[i + a, j + b]. */
void box_sum(const struct image *image, size_t side, const float *large, float *small, float *row);

/* large[i, j] = the sum over a, b in [0, side) of small[i - a, j - b], as far as small has it. */
void box_spread(const struct image *image, size_t side, const float *small, float *large, float *row);

#endif
