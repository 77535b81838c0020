/* SPDX-License-Identifier: MIT */
#ifndef LAYER_CONV_H
#define LAYER_CONV_H

#include "kernel/product.h"
#include "layer/direction.h"
#include "layer/window.h"

/* A convolution y = b + sum over the kernel of W x, of pictures with the channels last, on the calling thread. x is
 * [pictures, height, width, channels], y [pictures, rows, columns, outputs], and W [outputs, channels, kernel,
 * kernel], as in torch.nn.Conv2d. Products read patches of a few positions, which are gathered in scratch; there is
 * no matrix of all patches. A narrow convolution, of few outputs, is computed the other way round: the product of
 * each pixel with all of the kernel, of which each position then adds up its part, so that vectors are full.
 *
 * With a factor, each pixel of x stands for factor x factor equal ones of the picture that is convolved. It is
 * computed the other way round as well, since the copies of a pixel have the same products: factor^2 times fewer
 * multiplications, and the enlarged picture is not in memory.
 *
 * With a kernel of 3x3 and stride 1, and channels and outputs that fill panels, it is computed by Winograd's
 * algorithm (layer/winograd.h), with 2.25 times fewer multiplications if height and width are even.
 *
 * Arrays belong to the caller. Functions work on the pictures [first, first + count) of x, y and their gradients,
 * which are those of the whole batch. No function fails. */
struct conv {
    struct window window; /* on x */
    size_t outputs;       /* numbers per position */
    size_t factor;        /* 1 to window_factor_max(kernel); above 1 the stride is 1 */
};

/* Returns the shape of a picture of y. */
struct image conv_output(const struct conv *conv);

/* Returns the multiplications of one picture. */
size_t conv_multiply_adds(const struct conv *conv);

/* The weights in the order in which the products read them, for each direction. */
struct conv_weights {
    const float *packed[DIRECTIONS], *bias; /* bias [outputs] */
};

/* Return the floats of `packed` of one direction, of `scratch`, and of a partial gradient. */
size_t conv_packed_size(const struct conv *conv, enum direction direction);
size_t conv_scratch(const struct conv *conv);
size_t conv_partial(const struct conv *conv);

/* Writes the outputs [output, output + count) of W, the address of the whole tensor, to `packed`; NULL is left out.
 * Threads may take disjoint outputs. */
void conv_pack(const struct conv *conv, const float *weight, size_t output, size_t count,
               float *const packed[DIRECTIONS]);

/* x -> y. */
void conv_forward(const struct conv *conv, const struct conv_weights *weights, const float *x, float *y,
                  size_t first, size_t count, float *scratch);

/* dy -> dx = beta dx + the gradient with respect to x. beta is 0 or 1; with 0 dx is not read. */
void conv_backward(const struct conv *conv, const struct conv_weights *weights, const float *dy, float *dx,
                   float beta, size_t first, size_t count, float *scratch);

/* x, dy -> the gradient with respect to W and b, summed over the pictures, in an order of its own
 * [conv_partial]. */
void conv_gradient(const struct conv *conv, const float *x, const float *dy, size_t first, size_t count,
                   float *partial, float *scratch);

/* A sum of such gradients -> those of the outputs [output, output + count): weight [count, channels, kernel,
 * kernel] = beta weight + scale times the sum, and bias [count] likewise. With beta 0 the old values are not read.
 */
void conv_order(const struct conv *conv, const float *partial, size_t output, size_t count, float scale, float beta,
                float *weight, float *bias);

#endif
