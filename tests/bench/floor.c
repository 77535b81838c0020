/* SPDX-License-Identifier: MIT */
/* The rate that OpenBLAS reaches on a large product, in Gflop a second: floor THREADS. It is the median of a
 * second's products, since what it is held against takes seconds, too. What the library is: floor version. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N 2048
#define SECONDS 1.0
#define MOST 1000 /* products */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *matrix(void) {
    float *m = malloc((size_t)N * N * sizeof *m);
    for (size_t i = 0; m != NULL && i < (size_t)N * N; i++)
        m[i] = (float)(i % 1000) / 1000 - 0.5f;
    return m;
}

static int by_size(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double multiply(const float *a, const float *b, float *c) {
    const double begin = seconds();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
    return 2e-9 * N * N * N / (seconds() - begin);
}

int main(int argc, char **argv) {
    const int threads = argc == 2 ? atoi(argv[1]) : 0;
    float *a = matrix(), *b = matrix(), *c = matrix();
    double rate[MOST];
    int count = 0;
    if (argc == 2 && strcmp(argv[1], "version") == 0)
        return puts(openblas_get_config()) < 0;
    if (threads < 1 || a == NULL || b == NULL || c == NULL) {
        fprintf(stderr, "floor: %s\n", threads < 1 ? "usage: floor THREADS" : "out of memory");
        return threads < 1 ? 2 : 1;
    }
    openblas_set_num_threads(threads);
    multiply(a, b, c); /* for the caches and the threads to wake up */
    for (const double begin = seconds(); count < MOST && seconds() - begin < SECONDS; count++)
        rate[count] = multiply(a, b, c);
    qsort(rate, (size_t)count, sizeof *rate, by_size);
    printf("%.1f\n", rate[count / 2]);
    free(a);
    free(b);
    free(c);
    return 0;
}
