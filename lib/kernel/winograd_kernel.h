/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_WINOGRAD_KERNEL_H
#define KERNEL_WINOGRAD_KERNEL_H

#include <stddef.h>

#define WINOGRAD_INPUTS 4   /* rows and columns of a tile of inputs, and of a transformed tile */
#define WINOGRAD_OUTPUTS 2  /* rows and columns of a tile of outputs */
#define WINOGRAD_NUMBERS 16 /* of a transformed tile */

/* Transformed inputs of Winograd's minimal filtering F(2x2, 3x3), see layer/winograd.h. Number e of channel c is
 * at[e * number + c / PANEL * panel + c % PANEL], so that a tile may be a row of each of 16 matrices, or of their
 * panels. */
struct winograd_tile {
    float *at;
    size_t number, panel;
};

/* The transforms, one table per level (base/level.h). They are sums, in the same order at each level. A pixel has n
 * channels, a multiple of PANEL. Tiles are row by row. */
struct winograd_kernel {
    /* d, 4x4 pixels -> tile = B' d B. */
    void (*input)(const float *const d[WINOGRAD_NUMBERS], size_t n, struct winograd_tile tile);

    /* m, whose numbers are `number` floats apart -> y, 2x2 pixels = A' m A + start. If there is a bias [n], start
     * is the bias, otherwise beta y; with beta = 0 y is not read. */
    void (*output)(const float *m, size_t number, size_t n, float *const y[], const float *bias, float beta);

    /* The adjoint function of output: dy, 2x2 pixels -> dm = A dy A'. */
    void (*output_adjoint)(const float *const dy[], size_t n, float *dm, size_t number);

    /* The adjoint function of the weights' transform: du, whose numbers are `number` floats apart -> dw [3, 3, n] =
     * G' du G. */
    void (*weight_adjoint)(const float *du, size_t number, size_t n, float *dw);
};

extern const struct winograd_kernel winograd_kernel_baseline, winograd_kernel_avx2, winograd_kernel_avx512;

/* The table of the level in use. */
const struct winograd_kernel *winograd_kernel(void);

#endif
