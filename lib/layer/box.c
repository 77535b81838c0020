/* SPDX-License-Identifier: MIT */
#include "layer/box.h"

#include "kernel/math_kernel.h"

#include <string.h>

/* Rows are added up first, then columns: a pixel's numbers lie together, so both are sums of vectors. */

void box_sum(const struct image *image, size_t side, const float *large, float *small, float *row) {
    const size_t n = image->width * image->channels, line = n + (side - 1) * image->channels;
    for (size_t i = 0; i < image->height; i++, large += line, small += n) {
        memcpy(row, large, line * sizeof *row);
        for (size_t a = 1; a < side; a++)
            math_kernel()->add(row, large + a * line, line);
        memcpy(small, row, n * sizeof *small);
        for (size_t b = 1; b < side; b++)
            math_kernel()->add(small, row + b * image->channels, n);
    }
}

void box_spread(const struct image *image, size_t side, const float *small, float *large, float *row) {
    const size_t n = image->width * image->channels, line = n + (side - 1) * image->channels;
    for (size_t i = 0; i < image->height + side - 1; i++, large += line) {
        const size_t first = i < side ? 0 : i - side + 1, last = i < image->height ? i : image->height - 1;
        memcpy(row, small + first * n, n * sizeof *row);
        for (size_t from = first + 1; from <= last; from++)
            math_kernel()->add(row, small + from * n, n);
        memset(large, 0, line * sizeof *large);
        for (size_t b = 0; b < side; b++)
            math_kernel()->add(large + b * image->channels, row, n);
    }
}
