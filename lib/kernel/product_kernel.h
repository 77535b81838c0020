/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PRODUCT_KERNEL_H
#define KERNEL_PRODUCT_KERNEL_H

#include "kernel/product.h"

/* The packed backend, one table per level (base/level.h). Each element of a product has one accumulator, to which
 * the terms are added in ascending order of the inner dimension by fused multiply-adds, beginning with 0. So its
 * bits depend neither on the level nor on how rows and columns are divided into calls. (x86's baseline level has no
 * fused multiply-add: it rounds twice.) */
struct product_kernel {
    /* Computes the product from a and the panels; b is not read. */
    void (*multiply)(const struct product *product);

    /* Writes x [rows, columns], element (i, j) at x[i * x_row + j], to panels. Its rows are rows of the inner
     * dimension, and its first column is the first column of a panel. `panels` points to the place of element
     * (0, 0). */
    void (*pack)(const float *x, size_t x_row, size_t rows, size_t columns, float *panels, size_t panel);

    /* The same for the transposed matrix: the rows of x become columns, and its first row the first column of a
     * panel. */
    void (*pack_transposed)(const float *x, size_t x_row, size_t rows, size_t columns, float *panels, size_t panel);
};

extern const struct product_kernel product_kernel_baseline, product_kernel_avx2, product_kernel_avx512;

/* The table of the level in use. */
const struct product_kernel *product_kernel(void);

#endif
