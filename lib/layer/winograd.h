/* SPDX-License-Identifier: MIT */
#ifndef LAYER_WINOGRAD_H
#define LAYER_WINOGRAD_H

#include "layer/direction.h"

#include <stdbool.h>
#include <stddef.h>

/* Convolutions with a kernel of 3x3, stride 1 and one row of zeros around each picture, by Winograd's minimal
 * filtering F(2x2, 3x3) (Lavin and Gray 2016, section 4.1), on the calling thread. For a tile of 2x2 positions
 *
 *     y = A' [sum over channels of (G w G') * (B' d B)] A,
 *
 * where d is the 4x4 pixels around them, w the kernel, and * is number by number. So four positions take 16
 * multiplications instead of 36. The rounding errors are a few times those of the direct sum. Each number of B' d B
 * adds up to four pixels, and each product more, so values near the largest float overflow sooner.
 *
 * Pictures have the channels last. Arrays belong to the caller. Functions work on the pictures [first, first +
 * count) of the whole batch. No function fails. */
struct winograd {
    size_t height, width; /* of pictures of x and of y */
    size_t channels;      /* of x */
    size_t outputs;       /* channels of y */
};

/* Returns whether these convolutions can be computed so, and take at most two thirds of the multiplications. The
 * channels must fill panels, and the packed kernels must be in use. */
bool winograd_pays(const struct winograd *winograd);

/* Return the floats of the transformed weights of one direction, and of `scratch`. */
size_t winograd_packed_size(const struct winograd *winograd);
size_t winograd_scratch(const struct winograd *winograd);

/* Writes the outputs [output, output + count) of the weights [outputs, channels, 3, 3], the address of the whole
 * tensor, to the transformed weights of each direction; NULL is left out. Backward, kernels are turned by half a
 * turn, and channels and outputs change places. Threads may take disjoint outputs. */
void winograd_pack(const struct winograd *winograd, const float *weight, size_t output, size_t count,
                   float *const packed[DIRECTIONS]);

/* y = the convolution of x, plus the bias [outputs], if it is not NULL, or beta y; with beta = 0 y is not read. */
void winograd_multiply(const struct winograd *winograd, const float *packed, const float *x, float *y, size_t first,
                       size_t count, const float *bias, float beta, float *scratch);

/* x, dy -> the gradient with respect to the weights, summed over the pictures: sum [outputs, 3, 3, channels]. */
void winograd_gradient(const struct winograd *winograd, const float *x, const float *dy, size_t first, size_t count,
                       float *sum, float *scratch);

#endif
