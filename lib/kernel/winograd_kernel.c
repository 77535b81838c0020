/* SPDX-License-Identifier: MIT */
/* Compiled once per level, with the level's vector instructions (see the Makefile). Each transform is applied to
 * the columns of a tile first, then to its rows. */
#include "kernel/winograd_kernel.h"

#include "kernel/product.h"
#include "kernel/vector.h"

#define SIDE WINOGRAD_INPUTS
#define KERNEL 3

/* to = B' from, of four vectors. */
static inline void transform_input(const vector from[SIDE], vector to[SIDE]) {
    to[0] = from[0] - from[2];
    to[1] = from[1] + from[2];
    to[2] = from[2] - from[1];
    to[3] = from[1] - from[3];
}

static void input(const float *const d[WINOGRAD_NUMBERS], size_t n, struct winograd_tile tile) {
    for (size_t c = 0; c < n; c += LANES) {
        float *to = tile.at + c / PANEL * tile.panel + c % PANEL;
        vector half[SIDE][SIDE]; /* by column */
#pragma GCC unroll 4
        for (size_t j = 0; j < SIDE; j++) {
            const vector column[SIDE] = {load(d[j] + c), load(d[SIDE + j] + c), load(d[2 * SIDE + j] + c),
                                         load(d[3 * SIDE + j] + c)};
            transform_input(column, half[j]);
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < SIDE; i++) {
            const vector row[SIDE] = {half[0][i], half[1][i], half[2][i], half[3][i]};
            vector out[SIDE];
            transform_input(row, out);
#pragma GCC unroll 4
            for (size_t j = 0; j < SIDE; j++)
                store(to + (i * SIDE + j) * tile.number, out[j]);
        }
    }
}

/* Column j of a tile, whose numbers are `number` floats apart. */
static inline void load_column(const float *m, size_t number, size_t j, vector column[SIDE]) {
#pragma GCC unroll 4
    for (size_t i = 0; i < SIDE; i++)
        column[i] = load(m + (i * SIDE + j) * number);
}

/* to = A' from: two vectors of four. */
static inline void transform_output(const vector from[SIDE], vector to[WINOGRAD_OUTPUTS]) {
    to[0] = from[0] + from[1] + from[2];
    to[1] = from[1] - from[2] - from[3];
}

static void output(const float *m, size_t number, size_t n, float *const y[], const float *bias, float beta) {
    for (size_t c = 0; c < n; c += LANES) {
        const vector base = bias == NULL ? all(0) : load(bias + c);
        vector half[SIDE][WINOGRAD_OUTPUTS]; /* by column */
#pragma GCC unroll 4
        for (size_t j = 0; j < SIDE; j++) {
            vector column[SIDE];
            load_column(m + c, number, j, column);
            transform_output(column, half[j]);
        }
#pragma GCC unroll 2
        for (size_t i = 0; i < WINOGRAD_OUTPUTS; i++) {
            const vector row[SIDE] = {half[0][i], half[1][i], half[2][i], half[3][i]};
            vector out[WINOGRAD_OUTPUTS];
            transform_output(row, out);
#pragma GCC unroll 2
            for (size_t j = 0; j < WINOGRAD_OUTPUTS; j++) {
                float *to = y[i * WINOGRAD_OUTPUTS + j] + c;
                store(to, out[j] + (bias == NULL && beta != 0 ? all(beta) * load(to) : base));
            }
        }
    }
}

/* to = A from: four vectors of two. */
static inline void transform_adjoint(const vector from[WINOGRAD_OUTPUTS], vector to[SIDE]) {
    to[0] = from[0];
    to[1] = from[0] + from[1];
    to[2] = from[0] - from[1];
    to[3] = -from[1];
}

static void output_adjoint(const float *const dy[], size_t n, float *dm, size_t number) {
    for (size_t c = 0; c < n; c += LANES) {
        vector half[WINOGRAD_OUTPUTS][SIDE]; /* by column */
#pragma GCC unroll 2
        for (size_t j = 0; j < WINOGRAD_OUTPUTS; j++) {
            const vector column[WINOGRAD_OUTPUTS] = {load(dy[j] + c), load(dy[WINOGRAD_OUTPUTS + j] + c)};
            transform_adjoint(column, half[j]);
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < SIDE; i++) {
            const vector row[WINOGRAD_OUTPUTS] = {half[0][i], half[1][i]};
            vector out[SIDE];
            transform_adjoint(row, out);
#pragma GCC unroll 4
            for (size_t j = 0; j < SIDE; j++)
                store(dm + c + (i * SIDE + j) * number, out[j]);
        }
    }
}

/* to = G' from: three vectors of four. */
static inline void transform_weight_adjoint(const vector from[SIDE], vector to[KERNEL]) {
    const vector half = all(0.5f), sum = half * (from[1] + from[2]);
    to[0] = from[0] + sum;
    to[1] = half * (from[1] - from[2]);
    to[2] = sum + from[3];
}

static void weight_adjoint(const float *du, size_t number, size_t n, float *dw) {
    for (size_t c = 0; c < n; c += LANES) {
        vector half[SIDE][KERNEL]; /* by column */
#pragma GCC unroll 4
        for (size_t j = 0; j < SIDE; j++) {
            vector column[SIDE];
            load_column(du + c, number, j, column);
            transform_weight_adjoint(column, half[j]);
        }
#pragma GCC unroll 3
        for (size_t a = 0; a < KERNEL; a++) {
            const vector row[SIDE] = {half[0][a], half[1][a], half[2][a], half[3][a]};
            vector out[KERNEL];
            transform_weight_adjoint(row, out);
#pragma GCC unroll 3
            for (size_t b = 0; b < KERNEL; b++)
                store(dw + c + (a * KERNEL + b) * n, out[b]);
        }
    }
}

const struct winograd_kernel AT_LEVEL(winograd_kernel) = {
    .input = input,
    .output = output,
    .output_adjoint = output_adjoint,
    .weight_adjoint = weight_adjoint,
};
