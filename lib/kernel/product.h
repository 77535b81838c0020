/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PRODUCT_H
#define KERNEL_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* Products of matrices in single precision, on the calling thread. There are two backends, selected at start-up
 * (base/level.h): the packed kernels, which read the right factor from panels, and OpenBLAS. */

/* y [rows, columns] = alpha a b + start, where a is [rows, inner] and b is [inner, columns]. If there is a bias
 * [columns], each row of start is the bias; otherwise start is beta y, and with beta = 0 y is not read. inner is
 * not 0. */
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

/* A backend, and the sizes of its pieces of work. */
struct products {
    bool packed;         /* reads panels; then an element's bits do not depend on how a product is tiled */
    size_t tile_columns; /* columns of a tile of a product with many weights; a multiple of PANEL */
    size_t tile_rows;    /* rows of such a tile */
    size_t task_rows;    /* rows of a tile of other products, which takes all columns */
    size_t part_units;   /* units of one part of a layer's gradient and update; a multiple of PANEL */
    size_t whole_rows;   /* inference computes groups of so many rows, if bits depend on the row; else 1 */
    void (*multiply)(const struct product *product);
};

/* The backend in use. */
const struct products *products(void);

/* Prepares the backend: call this before its first product; more calls do nothing. 0, or -1 if its library cannot
 * be loaded. */
int products_setup(void) __attribute__((warn_unused_result));

/* 0 if there is memory for `threads` threads to compute products at the same time, else -1. OpenBLAS allocates it
 * in the first products, and waits forever if there is not enough: call this after all other allocations. */
int products_check_memory(size_t threads) __attribute__((warn_unused_result));

#endif
