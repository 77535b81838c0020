#ifndef NN_LINEAR_H
#define NN_LINEAR_H

#include "kernel/product.h"

/* y = x W' + b, one row per item. Weights as torch.nn.Linear has them: W is [out, in], row-major. The functions are
 * plain products on float*, made on the calling thread by the backend in use (kernel/product.h). */
struct linear {
    size_t in, out;
    size_t group;        /* so many units, from the first on, are never parted */
    size_t weight, bias; /* offsets in the table of parameters */
    /* The weights in panels, if the backend reads those: W' [in, out], and W [out, in] if there is to be a way back.
     * Not owned. */
    float *panels, *backward_panels;
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
size_t linear_panels_size(const struct linear *layer);
size_t linear_backward_panels_size(const struct linear *layer);

/* Writes a tile of W [out, in] to the panels that there are: to be called after each change of its weights. Tiles may
 * be written side by side. */
void linear_pack(const struct linear *layer, const float *value, const struct tile *tile);

/* A tile of y [.., out] from the same rows of x [.., in]. Its columns begin at a multiple of PANEL. */
void linear_forward(const struct linear *layer, const float *value, const float *x, float *y,
                    const struct tile *tile);

/* A tile of dx [.., in] = dy W from the same rows of dy [.., out]. Its columns begin at a multiple of PANEL. */
void linear_backward(const struct linear *layer, const float *value, const float *dy, float *dx,
                     const struct tile *tile);

/* x [rows, in] and, if the backend reads them, its panels. */
struct linear_input {
    const float *x, *panels;
    size_t panel; /* numbers from one panel to the next */
};

/* A tile of W's gradient, and if it has W's first column those units' part of b's: weight [.., stride] = beta weight +
 * scale dy' x, bias = beta bias + scale times the sums of dy over the rows. Both point to the tile's first number; its
 * columns begin at a multiple of PANEL. */
struct linear_gradient {
    float *weight, *bias;
    size_t stride;
};
void linear_gradient(const struct linear *layer, const float *dy, const struct linear_input *input, size_t rows,
                     const struct tile *tile, float scale, float beta, const struct linear_gradient *gradient);

#endif
