/* SPDX-License-Identifier: MIT */
#ifndef NN_LINEAR_H
#define NN_LINEAR_H

#include "kernel/product.h"

/* The pass that a layer's panels are for. */
enum direction { DIRECTION_FORWARD, DIRECTION_BACKWARD, DIRECTIONS };

/* y = x W' + b, one row per item. Weights as torch.nn.Linear has them: W is [out, in], row-major. The functions are
 * plain products on float*, made on the calling thread by the backend in use (kernel/product.h). */
struct linear {
    size_t in, out;
    const float *weight, *bias; /* W [out, in], b [out] */
    /* The weights in panels, W' [in, out] for the forward pass and W [out, in] for the backward pass; NULL if the
     * backend reads none, or if there is no backward pass. */
    float *panels[DIRECTIONS];
};

/* A tile of a matrix. */
struct matrix_tile {
    size_t row, rows, column, columns;
};

/* A matrix in memory, element (i, j) at x[i * row + j]. */
struct matrix {
    float *x;
    size_t row;
};

/* Numbers in a layer's panels. */
size_t linear_panels_size(const struct linear *layer, enum direction direction);

/* Writes a tile of W [out, in] to the panels that are not NULL. To be called after each change of the tile's
 * weights; threads may take disjoint tiles. */
void linear_pack(const struct linear *layer, const struct matrix_tile *tile);

/* x [rows, in] -> a tile of y [rows, out], from the same rows of x. Its columns begin at a multiple of PANEL. */
void linear_forward(const struct linear *layer, const float *x, struct matrix y, const struct matrix_tile *tile);

/* dy [rows, out] -> a tile of dx [rows, in] = beta dx + dy W, from the same rows of dy. With beta 0 dx is not read.
 * Its columns begin at a multiple of PANEL. */
void linear_backward(const struct linear *layer, struct matrix dy, float *dx, float beta,
                     const struct matrix_tile *tile);

/* A layer's input x [rows, in], and its panels if the backend reads them, else NULL. */
struct linear_input {
    const float *x, *panels;
    size_t panel; /* numbers from one panel to the next */
};

/* dy [rows, out], input -> the gradient of the units [unit, unit + units): weight [units, in] = beta times its old
 * value + scale dy' x, and bias [units] = beta times its old value + scale times the sums of dy over the rows. With
 * beta 0 the old values are not read. */
void linear_gradient(const struct linear *layer, struct matrix dy, const struct linear_input *input, size_t rows,
                     size_t unit, size_t units, float scale, float beta, float *weight, float *bias);

#endif
