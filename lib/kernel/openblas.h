/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_OPENBLAS_H
#define KERNEL_OPENBLAS_H

#include "kernel/product.h"

/* OpenBLAS as a backend. The library is loaded only if it is used: most runs use the packed backend, and the
 * library takes time to load. */

/* Loads the library if it is not loaded yet, and prevents it from starting threads. 0 or -1. */
int openblas_load(void) __attribute__((warn_unused_result));

/* Returns the library's function of that name. Call it only after openblas_load has returned 0. NULL, with a
 * message, if there is none. */
void *openblas_find(const char *name);

/* Computes the product on the calling thread. Call it only after openblas_load has returned 0. */
void openblas_multiply(const struct product *product);

#endif
