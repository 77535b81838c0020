/* SPDX-License-Identifier: MIT */
/* y = alpha a b + start, see kernel/product.h. Compiled once per level, with the level's vector instructions (see
 * the Makefile).
 *
 * Element (i, j) of a b is one chain of fused multiply-adds: beginning with 0, a(i, k) b(k, j) is added for k = 0,
 * 1, ... in this order. Which elements are computed at the same time depends on the level and on the rows and
 * columns that a caller asks for. The order of an element's terms never does, and so its bits do not either. */
#include "kernel/product_kernel.h"

#include "base/level.h"
#include "kernel/elementary.h"
#include "kernel/vector.h"

#include <string.h>

#define VECTORS (PANEL / LANES) /* in a row of a panel, which has 16 numbers */

/* A tile is the part of the result whose sums are in registers at the same time. With 16 lanes (avx512), 8 rows of
 * 3 panels take 24 of the 32 registers; with 8 lanes (avx2), 6 rows of one panel take 12 of 16; with 4 lanes
 * (64-bit ARM), 24 of 32. Others hold one row of the panels, and one number of a in all lanes. */
#if LANES == 16
#define TILE_ROWS 8
#define TILE_PANELS 3
#else
#define TILE_ROWS 6
#define TILE_PANELS 1
#endif
#define TILE_COLUMNS (TILE_PANELS * PANEL)

/* A block is BLOCK_ROWS rows of the result. Its tiles are computed for BLOCK_INNER terms of the inner dimension at
 * a time: that part of the panels, of 24 KiB at most, stays in the fastest cache from tile to tile. BLOCK_ROWS is a
 * multiple of every level's TILE_ROWS. */
#define BLOCK_ROWS ((size_t)24)
#define BLOCK_INNER ((size_t)128)

/* The first row and column of a part of the result, and the terms [first, end) of its chains. */
struct part {
    size_t row, column, first, end;
};

/* Writes a tile all of whose columns are columns of the result. */
SPECIALISED void finish_tile(const size_t rows, const size_t panels, const struct product *p, struct part part,
                             vector sum[TILE_ROWS][TILE_PANELS * VECTORS]) {
    const vector alpha = all(p->alpha), beta = all(p->beta);
    float *y = p->y + part.row * p->y_row + part.column;
#pragma GCC unroll 8
    for (size_t v = 0; v < panels * VECTORS; v++) {
        const vector bias = p->bias != NULL ? load(p->bias + part.column + v * LANES) : all(0);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            float *to = y + r * p->y_row + v * LANES;
            const vector start = p->bias == NULL && p->beta != 0 ? beta * load(to) : bias;
            store(to, multiply_add(alpha, sum[r][v], start));
        }
    }
}

/* Adds the part's terms to the sums of a tile of `rows` rows and `panels` panels; the sums begin with 0 at term 0.
 * After the last term, a tile all of whose columns are columns of the result is written to it. Otherwise the sums
 * are written to `sum`. The numbers of rows and panels are constants in each call: only then does the compiler
 * unroll the loops over them and keep the accumulators in registers. */
SPECIALISED void add_tile(const size_t rows, const size_t panels, const struct product *p, struct part part,
                          float sum[][TILE_COLUMNS]) {
    const size_t vectors = panels * VECTORS, a_row = p->a_row, a_inner = p->a_inner, panel = p->panel;
    const float *a = p->a + part.row * a_row + part.first * a_inner;
    const float *b = p->panels + part.column / PANEL * panel + part.first * PANEL;
    vector accumulator[TILE_ROWS][TILE_PANELS * VECTORS];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            accumulator[r][v] = part.first == 0 ? all(0) : load(sum[r] + v * LANES);
    for (size_t k = part.first; k < part.end; k++, a += a_inner, b += PANEL) {
        vector right[TILE_PANELS * VECTORS];
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v += VECTORS) /* asks for the next block's panels */
            __builtin_prefetch(b + v / VECTORS * panel + BLOCK_INNER * PANEL);
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            right[v] = load(b + v / VECTORS * panel + v % VECTORS * LANES);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            const vector left = all(a[r * a_row]);
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++)
                accumulator[r][v] = multiply_add(left, right[v], accumulator[r][v]);
        }
    }
    if (part.end == p->inner && part.column + panels * PANEL <= p->columns) {
        finish_tile(rows, panels, p, part, accumulator);
        return;
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            store(sum[r] + v * LANES, accumulator[r][v]);
}

/* add_tile for any number of rows: whole tiles, and then one each of 4, 2 and 1 rows as needed. */
SPECIALISED void add_rows(size_t rows, const size_t panels, const struct product *p, struct part part,
                          float sum[][TILE_COLUMNS]) {
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, part.row += TILE_ROWS, sum += TILE_ROWS)
        add_tile(TILE_ROWS, panels, p, part, sum);
    if (rows >= 4) {
        add_tile(4, panels, p, part, sum);
        rows -= 4, part.row += 4, sum += 4;
    }
    if (rows >= 2) {
        add_tile(2, panels, p, part, sum);
        rows -= 2, part.row += 2, sum += 2;
    }
    if (rows >= 1)
        add_tile(1, panels, p, part, sum);
}

/* Writes a row of the result from its sums: y [columns] = alpha sum, plus the bias or beta y. */
static void finish_row(const struct product *p, const float *sum, float *y, const float *bias, size_t columns) {
    for (size_t j = 0; j < columns; j++) {
        const float start = bias != NULL ? bias[j] : p->beta != 0 ? p->beta * y[j] : 0;
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): multiply_block's parts made each sum
        y[j] = fused(p->alpha, sum[j], start);
    }
}

/* Computes up to BLOCK_ROWS rows of some panels' columns. The inner dimension has one term at least. */
SPECIALISED void multiply_block(size_t row, size_t rows, size_t column, const size_t panels,
                                const struct product *p) {
    const size_t left = p->columns - column, columns = left < panels * PANEL ? left : panels * PANEL;
    float sum[BLOCK_ROWS][TILE_COLUMNS];
    for (size_t k = 0; k < p->inner; k += BLOCK_INNER) {
        const size_t end = p->inner - k < BLOCK_INNER ? p->inner : k + BLOCK_INNER;
        add_rows(rows, panels, p, (struct part){.row = row, .column = column, .first = k, .end = end}, sum);
    }
    for (size_t r = 0; columns < panels * PANEL && r < rows; r++)
        finish_row(p, sum[r], p->y + (row + r) * p->y_row + column, p->bias == NULL ? NULL : p->bias + column,
                   columns);
}

/* Computes all rows of some panels' columns. */
SPECIALISED void multiply_panels(size_t column, const size_t panels, const struct product *p) {
    for (size_t row = 0; row < p->rows; row += BLOCK_ROWS)
        multiply_block(row, p->rows - row < BLOCK_ROWS ? p->rows - row : BLOCK_ROWS, column, panels, p);
}

static void multiply(const struct product *p) {
    size_t column = 0;
#if TILE_PANELS == 3
    /* Three panels at a time while the third has a column, then two or one. */
    for (; column + 2 * PANEL < p->columns; column += 3 * PANEL)
        multiply_panels(column, 3, p);
    if (column + PANEL < p->columns) {
        multiply_panels(column, 2, p);
        column += 2 * PANEL;
    }
#endif
    for (; column < p->columns; column += PANEL)
        multiply_panels(column, 1, p);
}

/* Lanes of the last panel beyond the matrix are left as they are: their sums are never written to the result. */
static void pack(const float *x, size_t x_row, size_t rows, size_t columns, float *panels, size_t panel) {
    for (size_t j = 0; j < columns; j += PANEL, panels += panel) {
        const size_t width = columns - j < PANEL ? columns - j : PANEL;
        for (size_t i = 0; width == PANEL && i < rows; i++)
            memcpy(panels + i * PANEL, x + i * x_row + j, PANEL * sizeof *x);
        for (size_t i = 0; width < PANEL && i < rows; i++)
            memcpy(panels + i * PANEL, x + i * x_row + j, width * sizeof *x);
    }
}

/* Transposes LANES vectors. Each round interleaves vector i with vector i + LANES / 2 to vectors 2 i and 2 i + 1.
 * This rotates the bits of a number's place, its vector's followed by its lane's, to the left by one. After
 * log2(LANES) rounds, vector and lane have changed places. */
static inline void transpose(vector x[LANES]) {
    for (int round = 1; round < LANES; round *= 2) {
        vector y[LANES];
#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; i++) {
            y[2 * i] = interleave_low(x[i], x[i + LANES / 2]);
            y[2 * i + 1] = interleave_high(x[i], x[i + LANES / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            x[i] = y[i];
    }
}

/* Writes a square of LANES rows and columns to a panel, transposed. */
static inline void pack_square(const float *x, size_t x_row, float *to) {
    vector square[LANES];
#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++)
        square[i] = load(x + i * x_row);
    transpose(square);
#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++)
        store(to + i * PANEL, square[i]);
}

static void pack_transposed(const float *x, size_t x_row, size_t rows, size_t columns, float *panels,
                            size_t panel) {
    for (size_t i = 0; i < rows; i += LANES) {
        float *to = panels + i / PANEL * panel + i % PANEL;
        const size_t some = rows - i < LANES ? rows - i : LANES;
        size_t k = 0;
        for (; some == LANES && k + LANES <= columns; k += LANES)
            pack_square(x + i * x_row + k, x_row, to + k * PANEL);
        for (; k < columns; k++)
            for (size_t r = 0; r < some; r++)
                to[k * PANEL + r] = x[(i + r) * x_row + k];
    }
}

const struct product_kernel AT_LEVEL(product_kernel) = {
    .multiply = multiply,
    .pack = pack,
    .pack_transposed = pack_transposed,
};
