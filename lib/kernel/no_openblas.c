/* SPDX-License-Identifier: MIT */
/* In the place of openblas.c and lapack.c in a build without OpenBLAS, see OPENBLAS in the Makefile, and in libvae,
 * which computes products by its own kernels on each processor. */
#include "kernel/openblas.h"

#include "base/error.h"

int openblas_load(void) {
    return fail("openblas: found a build without it, wanted VAE_PRODUCTS=packed");
}

void openblas_multiply(const struct product *product) {
    (void)product; /* never called, since it cannot be loaded */
}
