#ifndef KERNEL_OPENBLAS_H
#define KERNEL_OPENBLAS_H

#include "kernel/product.h"

/* OpenBLAS as a backend. The library is loaded when it is first wanted, since most runs make their products
 * themselves, and a tool that makes none should start at once. */

/* Loads it, on one thread. 0 or -1. */
int openblas_load(void) __attribute__((warn_unused_result));

/* After openblas_load. */
void openblas_multiply(const struct product *product);

#endif
