#ifndef KERNEL_PRODUCT_H
#define KERNEL_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* Products of matrices in single precision, on the calling thread. There are two backends, picked at start-up
 * (base/level.h): the project's own kernels, which read the right factor from panels, and OpenBLAS. */

/* y [rows, columns] = alpha a b + start. The start is bias [columns] in each row if there is one, else beta y; with
 * beta = 0 y is not read. inner is not 0. a is [rows, inner] and b is [inner, columns]. */
struct product {
    size_t rows, columns, inner;
    const float *a; /* element (i, k) is a[i * a_row + k * a_inner]; one of the two is 1 */
    size_t a_row, a_inner;
    const float *b; /* element (k, j) is b[k * b_inner + j * b_column]; one of the two is 1 */
    size_t b_inner, b_column;
    const float *panels; /* b once more, see below; read instead of it if products()->packed */
    size_t panel;
    float *y; /* element (i, j) is y[i * y_row + j] */
    size_t y_row;
    float alpha, beta;
    const float *bias; /* NULL: none */
};

/* A matrix [inner, columns] in panels of PANEL columns: element (k, j) is panels[j / PANEL * panel + k * PANEL +
 * j % PANEL]. So a product reads memory in its order. The last panel is read as a whole; what
 * it has beyond the matrix changes no result. */
#define PANEL ((size_t)16)

static inline size_t panels_size(size_t inner, size_t columns) {
    return (columns + PANEL - 1) / PANEL * PANEL * inner;
}

struct products {
    const char *name;
    bool packed;         /* reads panels; then an element's bits do not depend on how a product is cut into tiles */
    size_t tile_columns; /* of the tiles that a product with many weights is cut into; a multiple of PANEL */
    size_t tile_rows;    /* of these tiles */
    size_t task_rows;    /* of the tiles of other products, which take whole rows */
    size_t slice_units;  /* of the slices that a layer's gradient and update are cut into; a multiple of PANEL */
    size_t whole_rows; /* inference works on so many rows at a time, since bits depend on the row; 1: any number */
    void (*multiply)(const struct product *product);
};

/* The backend in use. */
const struct products *products(void);

/* Prepares the backend, once before its first product. 0, or -1 if its library cannot be loaded. */
int products_setup(void) __attribute__((warn_unused_result));

/* 0 if there is memory for so many threads to make products at a time, else -1. OpenBLAS takes it at the first
 * ones, and waits without end if it gets none: to be called when all else has been allocated. */
int products_check_memory(size_t threads) __attribute__((warn_unused_result));

#endif
