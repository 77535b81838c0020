/* SPDX-License-Identifier: MIT */
#include "kernel/openblas.h"

#include "base/error.h"
#include "base/number.h"

#include <cblas.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef OPENBLAS_VERSION
// cppcheck-suppress preprocessorErrorDirective
#error "cblas.h is another library's, wanted OpenBLAS's: `make deps` installs it"
#endif

#define LIBRARY "libopenblas.so.0"

/* OpenBLAS counts in int; the sizes of a model are far below INT_MAX (see model/model.h). */
#define INT(n) ((blasint)(n))

static void *library; /* NULL: not loaded yet */
static __typeof__(cblas_sgemm) *sgemm;

void *openblas_find(const char *name) {
    void *function = dlsym(library, name);
    if (function == NULL)
        (void)fail("openblas: %s has no %s, wanted one", LIBRARY, name);
    return function;
}

int openblas_load(void) {
    if (library != NULL)
        return 0;
    /* Otherwise it starts threads of its own when it is loaded, which spin for a tenth of a second before they
     * sleep. */
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    errno = 0;
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) /* the loader does not always say that memory is short */
        return errno == ENOMEM ? fail("openblas: out of memory for %s", LIBRARY) : fail("openblas: %s", dlerror());
    *(void **)&sgemm = openblas_find("cblas_sgemm");
    return sgemm == NULL ? -1 : 0;
}

void openblas_multiply(const struct product *p) {
    const bool a_plain = p->a_inner == 1, b_plain = p->b_column == 1;
    float beta = p->beta;
    /* The product is added to rows that already hold the bias. */
    for (size_t i = 0; p->bias != NULL && i < p->rows; i++)
        memcpy(p->y + i * p->y_row, p->bias, p->columns * sizeof *p->y);
    if (p->bias != NULL)
        beta = 1;
    sgemm(CblasRowMajor, a_plain ? CblasNoTrans : CblasTrans, b_plain ? CblasNoTrans : CblasTrans, INT(p->rows),
          INT(p->columns), INT(p->inner), p->alpha, p->a, INT(a_plain ? larger(p->a_row, p->inner) : p->a_inner),
          p->b, INT(b_plain ? larger(p->b_inner, p->columns) : p->b_column), beta, p->y, INT(p->y_row));
}
