/* SPDX-License-Identifier: MIT */
#ifndef LAYER_LINEAR_H
#define LAYER_LINEAR_H

#include "kernel/product.h"
#include "layer/direction.h"

/* A linear layer y = x W' + b, for one item per row. W is [out, in], row-major, as in torch.nn.Linear. The
 * functions compute matrix products on the calling thread, with the backend in use (kernel/product.h). All arrays
 * belong to the caller. No function fails. */
struct linear {
    size_t in, out;
    size_t stride;              /* floats from one row of W to the next; 0 stands for `in` */
    const float *weight, *bias; /* W [out, in], b [out] */
    /* The weights in panels (kernel/product.h), W' [in, out] for the forward pass and W [out, in] for the backward
     * pass. NULL if the backend does not read panels, or if there is no backward pass. */
    float *panels[DIRECTIONS];
};

/* A tile of a matrix: the rows [row, row + rows), and the columns [column, column + columns). */
struct matrix_tile {
    size_t row, rows, column, columns;
};

/* A matrix in memory: element (i, j) is x[i * row + j]. */
struct matrix {
    float *x;
    size_t row;
};

/* Returns how many floats the panels of a layer take. */
size_t linear_panels_size(const struct linear *layer, enum direction direction);

/* Writes a tile of W [out, in] to the panels that are not NULL. To be called after each change of the tile's
 * weights. Writes this tile only; threads may take disjoint tiles. */
void linear_pack(const struct linear *layer, const struct matrix_tile *tile);

/* Computes a tile of y [rows, out] from the same rows of x [rows, in]. The tile begins at a column that is a
 * multiple of PANEL. */
void linear_forward(const struct linear *layer, const float *x, struct matrix y, const struct matrix_tile *tile);

/* Computes a tile of dx [rows, in] = beta dx + dy W from the same rows of dy [rows, out]. With beta 0 dx is not
 * read. The tile begins at a column that is a multiple of PANEL. */
void linear_backward(const struct linear *layer, struct matrix dy, float *dx, float beta,
                     const struct matrix_tile *tile);

/* A layer's input x [rows, in], and its panels if the backend reads them, else NULL. */
struct linear_input {
    const float *x, *panels;
    size_t panel; /* floats from one panel to the next */
};

/* Computes the gradient with respect to the parameters of the units [unit, unit + units), from dy [rows, out] and
 * the input:
 *     weight [units, in] = beta weight + scale dy' x, with rows `stride` apart,
 *     bias [units] = beta bias + scale times the sum of dy over the rows.
 * With beta 0 the old values are not read. */
void linear_gradient(const struct linear *layer, struct matrix dy, const struct linear_input *input, size_t rows,
                     size_t unit, size_t units, float scale, float beta, float *weight, float *bias);

#endif
