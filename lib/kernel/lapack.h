/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LAPACK_H
#define KERNEL_LAPACK_H

#include <stddef.h>

/* Dense linear algebra in double precision: LAPACK, as OpenBLAS exports it. Everything runs on the calling thread.
 * Matrices are row-major, and symmetric ones are given by their lower triangle: a[i * n + j], j <= i. OpenBLAS has
 * kernels for each kind of processor, so the last digits may differ from one kind to another. */

/* Loads OpenBLAS if it is not loaded yet, and finds the functions. 0 or -1. */
int lapack_load(void) __attribute__((warn_unused_result));

/* The others may be called only after lapack_load has returned 0. */

/* Factors a symmetric positive definite matrix a [n, n] as L L^T, and overwrites its lower triangle by L. 0, or -1
 * without a message if it is not positive definite. */
int lapack_cholesky(double *a, size_t n) __attribute__((warn_unused_result));

/* Solves L L^T x = b with such a factor [n, n], and overwrites b [n] by x. */
void lapack_solve(const double *factor, double *b, size_t n);

/* Overwrites a symmetric matrix a [n, n] by its eigenvectors, one per row, of length 1, and sets value [n] to the
 * eigenvalues, in ascending order. 0, or -1 with a message if memory runs out or the iteration does not converge.
 */
int lapack_eigen(double *a, double *value, size_t n) __attribute__((warn_unused_result));

#endif
