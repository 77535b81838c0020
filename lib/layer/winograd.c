/* SPDX-License-Identifier: MIT */
#include "layer/winograd.h"

#include "base/number.h"
#include "kernel/product.h"
#include "kernel/product_kernel.h"
#include "kernel/winograd_kernel.h"
#include "layer/outer.h"

#include <stdint.h>
#include <string.h>

#define KERNEL 3
#define PLACES (KERNEL * KERNEL)
#define BEFORE 1 /* rows and columns that the kernel covers before its position */
#define OUTSIDE SIZE_MAX
#define OUTPUTS (WINOGRAD_OUTPUTS * WINOGRAD_OUTPUTS)
#define NUMBERS WINOGRAD_NUMBERS
#define BLOCK ((size_t)24) /* tiles at a time: whole tiles of the product at each level */

/* The tiles of a picture. */
static size_t tile_rows(const struct winograd *g) {
    return divide_up(g->height, WINOGRAD_OUTPUTS);
}

static size_t tile_columns(const struct winograd *g) {
    return divide_up(g->width, WINOGRAD_OUTPUTS);
}

static size_t tiles(const struct winograd *g) {
    return tile_rows(g) * tile_columns(g);
}

bool winograd_pays(const struct winograd *g) {
    return products()->packed && g->channels % PANEL == 0 && g->outputs % PANEL == 0 &&
           3 * NUMBERS * tiles(g) <= 2 * PLACES * g->height * g->width;
}

size_t winograd_packed_size(const struct winograd *g) {
    return NUMBERS * g->channels * g->outputs;
}

/* Numbers of a block's transformed tiles. */
static size_t numbers(size_t channels) {
    return NUMBERS * BLOCK * channels;
}

/* A pixel of x and one of y that are in no picture, the tiles of a block, and the gradient with respect to the
 * transformed weights. */
size_t winograd_scratch(const struct winograd *g) {
    return g->channels + g->outputs + numbers(g->channels) + numbers(g->outputs) + winograd_packed_size(g);
}

/* to = G from: four numbers of three. The steps are the floats from one number to the next. */
static void transform_kernel(const float *from, size_t from_step, float *to, size_t to_step) {
    const float ends = from[0] + from[2 * from_step], middle = from[from_step];
    to[0] = from[0];
    to[to_step] = 0.5f * (ends + middle);
    to[2 * to_step] = 0.5f * (ends - middle);
    to[3 * to_step] = from[2 * from_step];
}

/* In the transform of a reversed kernel the first and the last number have changed places. */
static size_t reversed(size_t i) {
    static const size_t place[WINOGRAD_INPUTS] = {3, 1, 2, 0};
    return place[i];
}

static float *element(float *packed, size_t number, size_t rows, size_t columns, size_t row, size_t column) {
    return packed + number * rows * columns + column / PANEL * rows * PANEL + row * PANEL + column % PANEL;
}

/* Writes the kernel w from a channel to an output. */
static void pack_kernel(const struct winograd *g, size_t output, size_t channel, const float *w,
                        float *const packed[DIRECTIONS]) {
    float half[WINOGRAD_INPUTS * KERNEL], u[NUMBERS];
    for (size_t b = 0; b < KERNEL; b++)
        transform_kernel(w + b, KERNEL, half + b, KERNEL);
    for (size_t i = 0; i < WINOGRAD_INPUTS; i++)
        transform_kernel(half + i * KERNEL, 1, u + i * WINOGRAD_INPUTS, 1);
    for (size_t i = 0; i < WINOGRAD_INPUTS; i++)
        for (size_t j = 0; j < WINOGRAD_INPUTS; j++) {
            const float value = u[i * WINOGRAD_INPUTS + j];
            if (packed[DIRECTION_FORWARD] != NULL)
                *element(packed[DIRECTION_FORWARD], i * WINOGRAD_INPUTS + j, g->channels, g->outputs, channel,
                         output) = value;
            if (packed[DIRECTION_BACKWARD] != NULL)
                *element(packed[DIRECTION_BACKWARD], reversed(i) * WINOGRAD_INPUTS + reversed(j), g->outputs,
                         g->channels, output, channel) = value;
        }
}

void winograd_pack(const struct winograd *g, const float *weight, size_t output, size_t count,
                   float *const packed[DIRECTIONS]) {
    for (size_t o = output; o < output + count; o++)
        for (size_t i = 0; i < g->channels; i++)
            pack_kernel(g, o, i, weight + (o * g->channels + i) * PLACES, packed);
}

/* A tile of the batch: the picture's number, and the tile's first row and column of outputs. */
struct place {
    size_t picture, row, column;
};

static struct place place_of(const struct winograd *g, size_t tile) {
    const size_t in_picture = tile % tiles(g);
    return (struct place){tile / tiles(g), in_picture / tile_columns(g) * WINOGRAD_OUTPUTS,
                          in_picture % tile_columns(g) * WINOGRAD_OUTPUTS};
}

/* Returns the number in the batch of a pixel of a picture, OUTSIDE if the picture does not have it. A row or column
 * below 0 has wrapped to a large number. */
static size_t pixel_at(const struct winograd *g, size_t picture, size_t row, size_t column) {
    return row < g->height && column < g->width ? (picture * g->height + row) * g->width + column : OUTSIDE;
}

/* Transforms the inputs of some tiles: tile t to to.at + t * step. */
static void transform_inputs(const struct winograd *g, const float *x, size_t first, size_t count,
                             struct winograd_tile to, size_t step, const float *zeros) {
    for (size_t tile = first; tile < first + count; tile++, to.at += step) {
        const struct place p = place_of(g, tile);
        const float *d[NUMBERS];
        for (size_t i = 0; i < NUMBERS; i++) {
            const size_t row = p.row + i / WINOGRAD_INPUTS - BEFORE,
                         column = p.column + i % WINOGRAD_INPUTS - BEFORE, at = pixel_at(g, p.picture, row, column);
            d[i] = at == OUTSIDE ? zeros : x + at * g->channels;
        }
        winograd_kernel()->input(d, g->channels, to);
    }
}

/* Returns the number in the batch of output i of a tile, OUTSIDE if there is none. */
static size_t output_at(const struct winograd *g, const struct place *p, size_t i) {
    return pixel_at(g, p->picture, p->row + i / WINOGRAD_OUTPUTS, p->column + i % WINOGRAD_OUTPUTS);
}

/* Transforms the products m of some tiles to their outputs. */
static void transform_products(const struct winograd *g, const float *m, size_t first, size_t count, float *y,
                               const float *bias, float beta, float *unused) {
    for (size_t tile = first; tile < first + count; tile++, m += g->outputs) {
        const struct place p = place_of(g, tile);
        float *output[OUTPUTS];
        for (size_t i = 0; i < OUTPUTS; i++) {
            const size_t at = output_at(g, &p, i);
            output[i] = at == OUTSIDE ? unused : y + at * g->outputs;
        }
        winograd_kernel()->output(m, count * g->outputs, g->outputs, output, bias, beta);
    }
}

/* Transforms the gradients of some tiles' outputs to those of their products. */
static void transform_gradients(const struct winograd *g, const float *dy, size_t first, size_t count, float *dm,
                                const float *zeros) {
    for (size_t tile = first; tile < first + count; tile++, dm += g->outputs) {
        const struct place p = place_of(g, tile);
        const float *output[OUTPUTS];
        for (size_t i = 0; i < OUTPUTS; i++) {
            const size_t at = output_at(g, &p, i);
            output[i] = at == OUTSIDE ? zeros : dy + at * g->outputs;
        }
        winograd_kernel()->output_adjoint(output, g->outputs, dm, count * g->outputs);
    }
}

void winograd_multiply(const struct winograd *g, const float *packed, const float *x, float *y, size_t first,
                       size_t count, const float *bias, float beta, float *scratch) {
    const size_t end = (first + count) * tiles(g);
    float *zeros = scratch, *unused = zeros + g->channels, *v = unused + g->outputs, *m = v + numbers(g->channels);
    memset(zeros, 0, g->channels * sizeof *zeros);
    for (size_t tile = first * tiles(g); tile < end; tile += BLOCK) {
        const size_t some = smaller(BLOCK, end - tile);
        const struct winograd_tile rows = {.at = v, .number = some * g->channels, .panel = PANEL};
        transform_inputs(g, x, tile, some, rows, g->channels, zeros);
        for (size_t e = 0; e < NUMBERS; e++)
            product_kernel()->multiply(&(struct product){.rows = some,
                                                         .columns = g->outputs,
                                                         .inner = g->channels,
                                                         .a = v + e * some * g->channels,
                                                         .a_row = g->channels,
                                                         .a_inner = 1,
                                                         .panels = packed + e * g->channels * g->outputs,
                                                         .panel = g->channels * PANEL,
                                                         .y = m + e * some * g->outputs,
                                                         .y_row = g->outputs,
                                                         .alpha = 1});
        transform_products(g, m, tile, some, y, bias, beta, unused);
    }
}

void winograd_gradient(const struct winograd *g, const float *x, const float *dy, size_t first, size_t count,
                       float *sum, float *scratch) {
    const size_t begin = first * tiles(g), end = begin + count * tiles(g), weights = g->channels * g->outputs;
    float *zeros = scratch, *v = zeros + g->channels + g->outputs, *dm = v + numbers(g->channels),
          *du = dm + numbers(g->outputs);
    memset(zeros, 0, (g->channels + g->outputs) * sizeof *zeros);
    for (size_t tile = begin; tile < end; tile += BLOCK) {
        const size_t some = smaller(BLOCK, end - tile);
        const struct winograd_tile panels = {.at = v, .number = some * g->channels, .panel = some * PANEL};
        transform_inputs(g, x, tile, some, panels, PANEL, zeros);
        transform_gradients(g, dy, tile, some, dm, zeros);
        for (size_t e = 0; e < NUMBERS; e++)
            outer_add(&(struct outer){.a = dm + e * some * g->outputs,
                                      .a_row = g->outputs,
                                      .units = g->outputs,
                                      .columns = g->channels,
                                      .count = some},
                      tile == begin ? 0 : 1, du + e * weights, v + e * some * g->channels);
    }
    for (size_t o = 0; o < g->outputs; o++)
        winograd_kernel()->weight_adjoint(du + o * g->channels, weights, g->channels,
                                          sum + o * PLACES * g->channels);
}
