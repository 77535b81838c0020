/* SPDX-License-Identifier: MIT */
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
    const float *panels; /* a copy of b, see below; read instead of b if products()->packed, else not used */
    size_t panel;        /* numbers from the start of one panel to the start of the next */
    float *y;            /* element (i, j) is y[i * y_row + j] */
    size_t y_row;
    float alpha, beta;
    const float *bias; /* NULL: none */
};

/* A matrix [inner, columns] in panels of PANEL columns: element (k, j) is panels[j / PANEL * panel + k * PANEL +
 * j % PANEL]. So a product reads memory in ascending order. The last panel is read as a whole; its numbers beyond
 * the matrix's last column change no result. */
#define PANEL ((size_t)16)

/* Numbers in the panels of such a matrix, one panel directly after the other. */
static inline size_t panels_size(size_t inner, size_t columns) {
    return (columns + PANEL - 1) / PANEL * PANEL * inner;
}

/* A backend, and the sizes that work is cut into for it. */
struct products {
    bool packed;         /* reads panels; then an element's bits do not depend on how a product is cut into tiles */
    size_t tile_columns; /* of the tiles that a product with many weights is cut into; a multiple of PANEL */
    size_t tile_rows;    /* of these tiles */
    size_t task_rows;    /* of the tiles of other products, which take whole rows */
    size_t slice_units;  /* of the slices that a layer's gradient and update are cut into; a multiple of PANEL */
    size_t whole_rows;   /* if bits depend on the row: inference computes groups of so many rows; else 1 */
    void (*multiply)(const struct product *product);
};

/* The backend in use. */
const struct products *products(void);

/* Prepares the backend: call this before its first product; more calls do nothing. 0, or -1 if its library cannot
 * be loaded. */
int products_setup(void) __attribute__((warn_unused_result));

/* 0 if there is memory for `threads` threads to make products at the same time, else -1. OpenBLAS allocates it in
 * the first products, and waits forever if there is none: call this after all other allocations. */
int products_check_memory(size_t threads) __attribute__((warn_unused_result));

#endif
