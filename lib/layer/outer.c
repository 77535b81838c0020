/* SPDX-License-Identifier: MIT */
#include "layer/outer.h"

#include "base/number.h"
#include "kernel/product.h"
#include "kernel/product_kernel.h"

#define CACHED ((size_t)65536) /* floats of b in a block */

size_t outer_block(size_t columns) {
    return larger(smaller(CACHED / columns, 128) / 8 * 8, 24);
}

size_t outer_panels(size_t count, size_t columns) {
    return panels_size(count, columns);
}

void outer_pack(const struct outer *o, float *panels) {
    if (products()->packed)
        product_kernel()->pack(o->b, o->columns, o->count, o->columns, panels, o->count * PANEL);
}

void outer_add(const struct outer *o, float beta, float *sum, const float *panels) {
    products()->multiply(&(struct product){.rows = o->units,
                                           .columns = o->columns,
                                           .inner = o->count,
                                           .a = o->a,
                                           .a_row = 1,
                                           .a_inner = o->a_row,
                                           .b = o->b,
                                           .b_inner = o->columns,
                                           .b_column = 1,
                                           .panels = panels,
                                           .panel = o->count * PANEL,
                                           .y = sum,
                                           .y_row = o->columns,
                                           .alpha = 1,
                                           .beta = beta});
}

void outer_mix(float *to, const float *sum, size_t step, size_t n, float scale, float beta) {
    for (size_t i = 0; i < n; i++)
        to[i] = (beta == 0 ? 0 : beta * to[i]) + scale * sum[i * step];
}
