/* SPDX-License-Identifier: MIT */
/* The rate of the packed backend's products beside what the core's fused multiply-adds could do: products. Prints a
 * row for each product of the models that the benchmark trains: its sizes, its rate and the peak in Gflop a second,
 * and the share of the peak. Columns are counted in whole panels: what is beyond the matrix is work, too. */
#include "base/denormals.h"
#include "base/level.h"
#include "kernel/product_kernel.h"
#include "kernel/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 200
#define FEWEST 2e6 /* multiplications that are timed together, at least */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Fused multiply-adds on registers alone, as many side by side as hide their latency: 2 flops per lane. Each
 * level's own instructions, whatever this file is compiled for. */
#if defined(__x86_64__)
#include <immintrin.h>
#define CHAINS 12
#define STEPS 20000

__attribute__((target("avx512f"))) static double peak_avx512(void) {
    __m512 sum[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    const double begin = seconds();
    for (int n = 0; n < STEPS; n++)
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] =
            _mm512_fmadd_ps(sum[i], _mm512_set1_ps(0.5f), _mm512_set1_ps(1));
    const double took = seconds() - begin;
    float all = 0;
    for (int i = 0; i < CHAINS; i++)
        all += _mm512_reduce_add_ps(sum[i]);
    return all > 0 ? 2e-9 * 16 * CHAINS * STEPS / took : 0;
}

__attribute__((target("avx2,fma"))) static double peak_avx2(void) {
    __m256 sum[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm256_set1_ps((float)i);
    const double begin = seconds();
    for (int n = 0; n < STEPS; n++)
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] =
            _mm256_fmadd_ps(sum[i], _mm256_set1_ps(0.5f), _mm256_set1_ps(1));
    const double took = seconds() - begin;
    float all = 0;
    for (int i = 0; i < CHAINS; i++)
        all += _mm256_cvtss_f32(sum[i]);
    return all > 0 ? 2e-9 * 8 * CHAINS * STEPS / took : 0;
}

static double peak(void) {
    return level_in_use() == LEVEL_AVX512 ? peak_avx512() : level_in_use() == LEVEL_AVX2 ? peak_avx2() : 0;
}
#else
static double peak(void) {
    return 0;
}
#endif

static float *numbers(size_t n) {
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    for (size_t i = 0; x != NULL && i < n; i++)
        x[i] = (float)(i % 1000) / 1000 - 0.5f;
    return x;
}

/* The greatest rate of some rounds. */
static double rate(const struct product *p) {
    const double work = (double)p->rows * (double)p->inner * (double)((p->columns + PANEL - 1) / PANEL * PANEL);
    const int repeats = (int)(FEWEST / work) + 1;
    double most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = seconds();
        for (int i = 0; i < repeats; i++)
            product_kernel()->multiply(p);
        const double found = 2e-9 * work * repeats / (seconds() - begin);
        most = found > most ? found : most;
    }
    return most;
}

/* Rows, inner, columns; the gradient's left factor is read by columns. */
static const struct {
    size_t rows, inner, columns;
    bool gradient;
} shapes[] = {{128, 784, 400, false}, {128, 400, 784, false}, {400, 128, 784, true}, {100, 200, 200, false}};

static int measure(size_t s) {
    const size_t rows = shapes[s].rows, inner = shapes[s].inner, columns = shapes[s].columns;
    float *a = numbers(rows * inner), *panels = numbers(panels_size(inner, columns)), *y = numbers(rows * columns);
    double top = 0;
    if (a == NULL || panels == NULL || y == NULL)
        return -1;
    const struct product p = {.rows = rows,
                              .columns = columns,
                              .inner = inner,
                              .a = a,
                              .a_row = shapes[s].gradient ? 1 : inner,
                              .a_inner = shapes[s].gradient ? rows : 1,
                              .panels = panels,
                              .panel = inner * PANEL,
                              .y = y,
                              .y_row = columns,
                              .alpha = 1};
    for (int round = 0; round < ROUNDS; round++) {
        const double found = peak();
        top = found > top ? found : top;
    }
    const double found = rate(&p);
    printf("%zu by %zu by %zu%s\t%.1f\t%.1f\t%.3f\n", rows, inner, columns, shapes[s].gradient ? ", gradient" : "",
           found, top, found / top);
    free(a);
    free(panels);
    free(y);
    return 0;
}

int main(void) {
    denormals_flush();
    if (level_settle() < 0 || peak() == 0) {
        fprintf(stderr, "products: found the level %s, wanted one whose peak is known\n",
                level_name(level_in_use()));
        return 1;
    }
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        if (measure(s) < 0) {
            fprintf(stderr, "products: out of memory\n");
            return 1;
        }
    return 0;
}
