/* SPDX-License-Identifier: MIT */
#include "layer/linear.h"

#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"

#include <string.h>

static size_t stride_of(const struct linear *layer) {
    return layer->stride > 0 ? layer->stride : layer->in;
}

size_t linear_panels_size(const struct linear *layer, enum direction direction) {
    return direction == DIRECTION_FORWARD ? panels_size(layer->in, layer->out) : panels_size(layer->out, layer->in);
}

/* Returns the offset of element (row, column) of a matrix in its panels. */
static size_t place(size_t row, size_t column, size_t panel) {
    return column / PANEL * panel + row * PANEL + column % PANEL;
}

/* Returns the panels from column `column` on, a multiple of PANEL; NULL if there are no panels. */
static const float *panels_from(const float *panels, size_t column, size_t panel) {
    return panels == NULL ? NULL : panels + place(0, column, panel);
}

void linear_pack(const struct linear *layer, const struct matrix_tile *t) {
    const size_t stride = stride_of(layer);
    const float *w = layer->weight + t->row * stride + t->column;
    const size_t panel = layer->in * PANEL, backward_panel = layer->out * PANEL;
    /* A tile may begin inside a panel. */
    const size_t before = (PANEL - t->row % PANEL) % PANEL, first = before < t->rows ? before : t->rows;
    float *to = layer->panels[DIRECTION_FORWARD], *back = layer->panels[DIRECTION_BACKWARD];
    if (to != NULL) {
        product_kernel()->pack_transposed(w, stride, first, t->columns, to + place(t->column, t->row, panel),
                                          panel);
        product_kernel()->pack_transposed(w + first * stride, stride, t->rows - first, t->columns,
                                          to + place(t->column, t->row + first, panel), panel);
    }
    if (back != NULL)
        product_kernel()->pack(w, stride, t->rows, t->columns, back + place(t->row, t->column, backward_panel),
                               backward_panel);
}

void linear_forward(const struct linear *layer, const float *x, struct matrix y, const struct matrix_tile *t) {
    const size_t in = layer->in;
    products()->multiply(&(struct product){
        .rows = t->rows,
        .columns = t->columns,
        .inner = in,
        .a = x + t->row * in,
        .a_row = in,
        .a_inner = 1,
        .b = layer->weight + t->column * stride_of(layer),
        .b_inner = 1,
        .b_column = stride_of(layer),
        .panels = panels_from(layer->panels[DIRECTION_FORWARD], t->column, in * PANEL),
        .panel = in * PANEL,
        .y = y.x + t->row * y.row + t->column,
        .y_row = y.row,
        .alpha = 1,
        .bias = layer->bias + t->column,
    });
}

void linear_backward(const struct linear *layer, struct matrix dy, float *dx, float beta,
                     const struct matrix_tile *t) {
    const size_t in = layer->in, out = layer->out;
    products()->multiply(&(struct product){
        .rows = t->rows,
        .columns = t->columns,
        .inner = out,
        .a = dy.x + t->row * dy.row,
        .a_row = dy.row,
        .a_inner = 1,
        .b = layer->weight + t->column,
        .b_inner = stride_of(layer),
        .b_column = 1,
        .panels = panels_from(layer->panels[DIRECTION_BACKWARD], t->column, out * PANEL),
        .panel = out * PANEL,
        .y = dx + t->row * in + t->column,
        .y_row = in,
        .alpha = 1,
        .beta = beta,
    });
}

void linear_gradient(const struct linear *layer, struct matrix dy, const struct linear_input *input, size_t rows,
                     size_t unit, size_t units, float scale, float beta, float *weight, float *bias) {
    products()->multiply(&(struct product){
        .rows = units,
        .columns = layer->in,
        .inner = rows,
        .a = dy.x + unit,
        .a_row = 1,
        .a_inner = dy.row,
        .b = input->x,
        .b_inner = layer->in,
        .b_column = 1,
        .panels = input->panels,
        .panel = input->panel,
        .y = weight,
        .y_row = stride_of(layer),
        .alpha = scale,
        .beta = beta,
    });
    if (beta == 0)
        memset(bias, 0, units * sizeof *bias);
    else
        math_kernel()->scale(bias, beta, units);
    math_kernel()->column_sums(bias, dy.x + unit, rows, units, dy.row, scale);
}
