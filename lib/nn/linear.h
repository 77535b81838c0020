#ifndef NN_LINEAR_H
#define NN_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

/* y = x W' + b, one row an item. Weights as torch.nn.Linear has them: W is [out, in], row-major. The functions
 * are plain products on float*; OpenBLAS runs on the calling thread alone, and its result depends on how the work
 * is cut into tiles. */
struct linear {
    size_t in, out;
    size_t group;        /* so many units, from the first on, are never parted */
    size_t weight, bias; /* offsets in the table of parameters */
};

/* Part of a matrix: what one thread works on while others work on the rest. */
struct tile {
    size_t row, rows, column, columns;
};

/* Where the tile begins in a matrix so many columns wide. */
static inline size_t tile_offset(const struct tile *tile, size_t width) {
    return tile->row * width + tile->column;
}

/* The tile of y [.., out] from the same rows of x [.., in]. */
void linear_forward(const struct linear *layer, const float *value, const float *x, float *y,
                    const struct tile *tile);

/* dx [.., in] = dy W, the tile's rows, as far as the tile of dy [.., out] goes: W's units that are its columns. */
void linear_backward(const struct linear *layer, const float *value, const float *dy, float *dx,
                     const struct tile *tile);

/* Adds the gradient of output units [first, first + units): scale dy' x for W, scale times the sums of dy for b.
 * Other units' are not touched, so that threads may share the work by units. */
void linear_gradient(const struct linear *layer, const float *dy, const float *x, size_t rows, size_t first,
                     size_t units, float scale, float *gradient);

/* y [rows, columns] = beta y + alpha a b, a [rows, inner] and b [inner, columns]. */
void matrix_multiply(size_t rows, size_t columns, size_t inner, float alpha, const float *a, const float *b,
                     float beta, float *y);

/* x x' [rows, rows], or x' x [columns, columns] where `tall`, of x [rows, columns]. */
void matrix_gram(const float *x, size_t rows, size_t columns, bool tall, float *gram);

/* Keeps OpenBLAS from starting threads of its own; to be called once before the others. */
void linear_setup(void);

/* 0 where there is memory for so many threads to make products at a time, else -1. OpenBLAS takes it at the first
 * ones, and waits without end where it gets none: to be called when all else has been allocated. */
int linear_check_memory(size_t threads) __attribute__((warn_unused_result));

#endif
