/* SPDX-License-Identifier: MIT */
#include "kernel/lapack.h"

#include "base/error.h"
#include "kernel/openblas.h"

#include <cblas.h>
#include <stdlib.h>

/* Fortran's matrices are column-major: our lower triangle is its upper one. A character argument is followed, at
 * the end of the list, by its length. */
#define UPPER "U"

typedef void cholesky_function(const char *triangle, const blasint *n, double *a, const blasint *stride,
                               blasint *info, size_t length);
typedef void solve_function(const char *triangle, const blasint *n, const blasint *columns, const double *a,
                            const blasint *stride, double *b, const blasint *b_stride, blasint *info,
                            size_t length);
typedef void eigen_function(const char *job, const char *triangle, const blasint *n, double *a,
                            const blasint *stride, double *value, double *work, const blasint *work_size,
                            blasint *info, size_t job_length, size_t triangle_length);

static cholesky_function *cholesky;
static solve_function *solve;
static eigen_function *eigen;

int lapack_load(void) {
    if (openblas_load() < 0)
        return -1;
    *(void **)&cholesky = openblas_find("dpotrf_");
    *(void **)&solve = openblas_find("dpotrs_");
    *(void **)&eigen = openblas_find("dsyev_");
    return cholesky == NULL || solve == NULL || eigen == NULL ? -1 : 0;
}

int lapack_cholesky(double *a, size_t n) {
    const blasint size = (blasint)n;
    blasint info = 0;
    cholesky(UPPER, &size, a, &size, &info, 1);
    return info == 0 ? 0 : -1;
}

void lapack_solve(const double *factor, double *b, size_t n) {
    const blasint size = (blasint)n, one = 1;
    blasint info = 0;
    solve(UPPER, &size, &one, factor, &size, b, &size, &info, 1);
}

int lapack_eigen(double *a, double *value, size_t n) {
    const blasint size = (blasint)n, ask = -1;
    blasint info = 0;
    double wanted = 0;
    eigen("V", UPPER, &size, a, &size, value, &wanted, &ask, &info, 1, 1);
    const blasint work_size = (blasint)wanted;
    double *work = malloc((size_t)work_size * sizeof *work);
    if (work == NULL)
        return fail("eigenvalues: out of memory for a matrix of %zu x %zu", n, n);
    eigen("V", UPPER, &size, a, &size, value, work, &work_size, &info, 1, 1);
    free(work);
    return info == 0 ? 0
                     : fail("eigenvalues: no convergence for a matrix of %zu x %zu, wanted finite values", n, n);
}
