/* SPDX-License-Identifier: MIT */
#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"
#include "nn/optimizer.h"

#include <math.h>
#include <string.h>

#define MOMENTUM 0.95f
#define STEPS 5
#define RMS 0.2 /* root mean square of an update at rate 1, about that of Adam: Liu et al. 2025 */

/* The polynomial A s + B s^3 + C s^5, applied five times, moves singular values s of (0, 1] close to 1, to about
 * 0.7 to 1.2: Jordan et al. 2024. */
#define A 3.4445f
#define B (-4.7750f)
#define C 2.0315f

static size_t smaller_side(const struct tensor *t) {
    const size_t rows = tensor_rows(t), columns = tensor_columns(t);
    return rows < columns ? rows : columns;
}

static size_t larger_side(const struct tensor *t) {
    return t->size / smaller_side(t);
}

/* Returns the size of the panels of the right factors, the matrix or its transpose, whichever is larger. */
static size_t panels_most(const struct tensor *t) {
    const size_t n = smaller_side(t), one = panels_size(n, larger_side(t)), other = panels_size(larger_side(t), n);
    return one > other ? one : other;
}

/* The scratch holds two matrices of the size of the tensor, two Gram matrices of its smaller side, and panels. */
size_t muon_scratch(const struct tensor *t) {
    return 2 * t->size + 2 * smaller_side(t) * smaller_side(t) + panels_most(t);
}

/* Computes y [rows, columns] = alpha a b + beta y, with a [rows, inner] and b [inner, columns], all row-major. */
static void multiply(size_t rows, size_t columns, size_t inner, float alpha, const float *a, const float *b,
                     float beta, float *y, float *panels) {
    if (products()->packed)
        product_kernel()->pack(b, columns, inner, columns, panels, inner * PANEL);
    products()->multiply(&(struct product){.rows = rows,
                                           .columns = columns,
                                           .inner = inner,
                                           .a = a,
                                           .a_row = inner,
                                           .a_inner = 1,
                                           .b = b,
                                           .b_inner = columns,
                                           .b_column = 1,
                                           .panels = panels,
                                           .panel = inner * PANEL,
                                           .y = y,
                                           .y_row = columns,
                                           .alpha = alpha,
                                           .beta = beta});
}

/* Writes to `gram` x x' [rows, rows] of x [rows, columns] or, if `tall`, x' x [columns, columns]. */
static void multiply_by_own_transpose(const float *x, size_t rows, size_t columns, bool tall, float *gram,
                                      float *panels) {
    const size_t n = tall ? columns : rows, inner = tall ? rows : columns;
    if (products()->packed)
        (tall ? product_kernel()->pack : product_kernel()->pack_transposed)(x, columns, rows, columns, panels,
                                                                            inner * PANEL);
    products()->multiply(&(struct product){.rows = n,
                                           .columns = n,
                                           .inner = inner,
                                           .a = x,
                                           .a_row = tall ? 1 : columns,
                                           .a_inner = tall ? columns : 1,
                                           .b = x,
                                           .b_inner = tall ? columns : 1,
                                           .b_column = tall ? 1 : columns,
                                           .panels = panels,
                                           .panel = inner * PANEL,
                                           .y = gram,
                                           .y_row = n,
                                           .alpha = 1});
}

/* One step of x = A x + (B G + C G G) x with G = x x'. If x is tall, G = x' x is multiplied from the right. The new
 * x is in y, and the pointers are exchanged. */
static void newton_schulz(const struct tensor *t, float **x, float **y, float *gram, float *polynomial) {
    const size_t n = smaller_side(t), rows = tensor_rows(t), columns = tensor_columns(t);
    const bool tall = rows > columns;
    float *panels = polynomial + n * n;
    multiply_by_own_transpose(*x, rows, columns, tall, gram, panels);
    memcpy(polynomial, gram, n * n * sizeof *gram);
    multiply(n, n, n, C, gram, gram, B, polynomial, panels);
    memcpy(*y, *x, t->size * sizeof **x);
    if (tall)
        multiply(rows, columns, n, 1.0f, *x, polynomial, A, *y, panels);
    else
        multiply(rows, columns, n, 1.0f, polynomial, *x, A, *y, panels);
    float *const before = *x;
    *x = *y;
    *y = before;
}

bool muon_update(double rate, double scale, float decay, struct parameters *p, const struct tensor *t,
                 float *scratch) {
    const size_t n = smaller_side(t);
    float *x = scratch, *y = x + t->size, *gram = y + t->size, *polynomial = gram + n * n;
    const struct math_kernel *kernel = math_kernel();
    const double norm =
        sqrt(kernel->momentum(x, p->first + t->offset, p->gradient + t->offset, (float)scale, MOMENTUM, t->size));
    kernel->scale(x, (float)(1 / (norm + 1e-20)), t->size);
    for (int step = 0; step < STEPS; step++)
        newton_schulz(t, &x, &y, gram, polynomial);
    const double larger = (double)larger_side(t);
    kernel->scale(p->value + t->offset, decay, t->size);
    kernel->scale(x, (float)(-rate * RMS * sqrt(larger)), t->size);
    kernel->add(p->value + t->offset, x, t->size);
    return isfinite(norm);
}
