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
    size_t group;        /* outputs per unit; a tile has all outputs of a unit */
    size_t weight, bias; /* offsets in the table of parameters */
    /* The weights in panels, W' [in, out] for the forward pass and W [out, in] for the backward pass; NULL if the
     * backend reads none, or if there is no backward pass. Not owned. */
    float *panels[DIRECTIONS];
};

/* Part of a matrix: what one thread works on while others work on the rest. */
struct tile {
    size_t row, rows, column, columns;
};

/* Where the tile begins in a matrix of `width` columns. */
static inline size_t tile_offset(const struct tile *tile, size_t width) {
    return tile->row * width + tile->column;
}

/* Numbers in a layer's panels. */
size_t linear_panels_size(const struct linear *layer, enum direction direction);

/* Writes a tile of W [out, in] to the panels that are not NULL. To be called after each change of the tile's
 * weights; threads may take disjoint tiles. */
void linear_pack(const struct linear *layer, const float *value, const struct tile *tile);

/* x -> a tile of y [rows, out], from the same rows of x [rows, in]. Its columns begin at a multiple of PANEL. */
void linear_forward(const struct linear *layer, const float *value, const float *x, float *y,
                    const struct tile *tile);

/* dy -> a tile of dx [rows, in] = dy W, from the same rows of dy [rows, out]. Its columns begin at a multiple of
 * PANEL. */
void linear_backward(const struct linear *layer, const float *value, const float *dy, float *dx,
                     const struct tile *tile);

/* A layer's input x [rows, in], and its panels if the backend reads them, else NULL. */
struct linear_input {
    const float *x, *panels;
    size_t panel; /* numbers from one panel to the next */
};

/* The place of a tile's gradient: of W, from the tile's first number on, in rows of `in` numbers; and of b, for the
 * tile's units. Not owned. */
struct linear_gradient {
    float *weight, *bias;
};

/* dy [rows, out], input -> a tile of W's gradient = beta times its old value + scale dy' x. A tile with W's first
 * column also sets b's gradient = beta times its old value + scale times the sums of dy over the rows. With beta 0
 * the old values are not read. The tile's columns begin at a multiple of PANEL. */
void linear_gradient(const struct linear *layer, const float *dy, const struct linear_input *input, size_t rows,
                     const struct tile *tile, float scale, float beta, const struct linear_gradient *gradient);

#endif
