/* SPDX-License-Identifier: MIT */
#include "layer/patches.h"

#include "base/number.h"
#include "kernel/product.h"
#include "layer/outer.h"

size_t right_factor_size(const struct right_factor *f) {
    return products()->packed ? panels_size(f->rows, f->columns) : f->rows * f->columns;
}

void right_factor_set(const struct right_factor *f, float *to, size_t row, size_t column, float value) {
    to[products()->packed ? column / PANEL * f->rows * PANEL + row * PANEL + column % PANEL
                          : row * f->columns + column] = value;
}

/* y [count, columns] = a [count, rows] times the factor, plus the bias or beta y. */
static void product_of(const struct right_factor *f, const float *weights, size_t count, const float *a, float *y,
                       const float *bias, float beta) {
    products()->multiply(&(struct product){.rows = count,
                                           .columns = f->columns,
                                           .inner = f->rows,
                                           .a = a,
                                           .a_row = f->rows,
                                           .a_inner = 1,
                                           .b = weights,
                                           .b_inner = f->columns,
                                           .b_column = 1,
                                           .panels = weights,
                                           .panel = f->rows * PANEL,
                                           .y = y,
                                           .y_row = f->columns,
                                           .alpha = 1,
                                           .beta = beta,
                                           .bias = bias});
}

void patches_multiply(const struct window *w, const struct right_factor *f, const float *weights, const float *x,
                      size_t from, size_t end, float *y, const float *bias, float beta, float *scratch) {
    for (size_t position = from; position < end; position += PATCHES_BLOCK) {
        const size_t some = smaller(PATCHES_BLOCK, end - position);
        window_gather(w, x, position, some, scratch);
        product_of(f, weights, some, scratch, y + position * f->columns, bias, beta);
    }
}

void patches_add(const struct window *w, const struct right_factor *f, const float *weights, const float *y,
                 size_t from, size_t end, float *x, float *scratch) {
    for (size_t position = from; position < end; position += PATCHES_BLOCK) {
        const size_t some = smaller(PATCHES_BLOCK, end - position);
        product_of(f, weights, some, y + position * f->rows, scratch, NULL, 0);
        window_scatter(w, scratch, position, some, x);
    }
}

size_t patches_sum_block(size_t patch) {
    return outer_block(patch);
}

size_t patches_sum_scratch(size_t patch) {
    return outer_block(patch) * patch + outer_panels(outer_block(patch), patch);
}

void patches_sum(const struct window *w, const float *x, const float *a, size_t units, size_t count, float beta,
                 float *sum, float *scratch) {
    const size_t block = patches_sum_block(window_patch(w));
    for (size_t position = 0; position < count; position += block) {
        const struct outer o = {.a = a + position * units,
                                .a_row = units,
                                .units = units,
                                .b = scratch,
                                .columns = window_patch(w),
                                .count = smaller(block, count - position)};
        window_gather(w, x, position, o.count, scratch);
        outer_pack(&o, scratch + block * o.columns);
        outer_add(&o, position == 0 ? beta : 1, sum, scratch + block * o.columns);
    }
}
