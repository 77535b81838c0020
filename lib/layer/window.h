/* SPDX-License-Identifier: MIT */
#ifndef LAYER_WINDOW_H
#define LAYER_WINDOW_H

#include "layer/image.h"

/* The positions of a convolution's kernel on a picture. The output has ceil(height / stride) x ceil(width / stride)
 * positions. At position (i, j) the kernel covers the rows [i stride - before, i stride - before + kernel) of the
 * picture, and likewise for the columns; what lies outside the picture counts as 0. `before` is (kernel - 1) / 2,
 * rounded down; for stride 1 this is torch's padding='same'. */
struct window {
    struct image in;
    size_t kernel, stride, before;
    size_t rows, columns; /* positions */
};

/* Returns the window of a convolution that reads `in`. */
struct window window_of(const struct image *in, size_t kernel, size_t stride);

/* For stride 1, returns the window on the output's gradient dy, a picture of `channels` channels, that gives the
 * gradient with respect to x. Element (kernel - 1 - a, kernel - 1 - b) of a pixel's patch is dy at the position to
 * which the pixel contributed through (a, b). If the convolution
 * reads pictures enlarged by `factor`, a pixel contributes by factor x factor copies: the window is on the sums of
 * box_spread (layer/box.h) of the output's gradient. */
struct window window_mirrored(const struct window *window, size_t factor, size_t channels);

/* Returns the greatest factor of window_mirrored. */
size_t window_factor_max(size_t kernel);

/* Numbers of a patch: kernel x kernel x channels, in this order. */
static inline size_t window_patch(const struct window *w) {
    return w->kernel * w->kernel * w->in.channels;
}

static inline size_t window_positions(const struct window *w) {
    return w->rows * w->columns;
}

/* Positions are numbered through a batch of pictures x [pictures, height, width, channels]: the window's positions
 * of the first picture row by row, then those of the second. */

/* Copies the patches of the positions [first, first + count) of x to `to` [count, window_patch], which is known as
 * im2col. */
void window_gather(const struct window *window, const float *x, size_t first, size_t count, float *to);

/* Adds the patches `from` [count, window_patch] to the pixels of x that window_gather reads for them (col2im). */
void window_scatter(const struct window *window, const float *from, size_t first, size_t count, float *x);

#endif
