#include "nn/linear.h"

#include "base/error.h"
#include "base/workers.h"
#include "kernel/math_kernel.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#ifndef OPENBLAS_VERSION
// cppcheck-suppress preprocessorErrorDirective
#error "cblas.h is another library's, wanted OpenBLAS's: `make deps` installs it"
#endif

/* OpenBLAS counts in int; the model's sizes are bounded far below (see vae/model.h). */
#define INT(n) ((blasint)(n))

/* OpenBLAS starts threads of its own when it is loaded, and they spin for a tenth of a second before they sleep.
 * Before that it asks this function of its own for OPENBLAS_NUM_THREADS: a program that has one is asked instead. A
 * library that cannot be told so (linked statically) is left alone. */
int openblas_num_threads_env(void) __attribute__((weak));
int openblas_num_threads_env(void) {
    return 1;
}

void linear_setup(void) {
    openblas_set_num_threads(1);
}

int linear_check_memory(size_t threads) {
    void *memory = threads > SIZE_MAX / WORKER_BYTES ? NULL : malloc(threads * WORKER_BYTES);
    free(memory);
    return memory == NULL
               ? fail("threads: out of memory for matrix products on %zu, of %zu bytes each", threads, WORKER_BYTES)
               : 0;
}

void linear_forward(const struct linear *layer, const float *value, const float *x, float *y,
                    const struct tile *t) {
    const size_t in = layer->in, out = layer->out;
    y += tile_offset(t, out);
    /* The product is added to rows that hold the bias already: a pass over y less. */
    for (size_t row = 0; row < t->rows; row++)
        memcpy(y + row * out, value + layer->bias + t->column, t->columns * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, INT(t->rows), INT(t->columns), INT(in), 1.0f,
                x + t->row * in, INT(in), value + layer->weight + t->column * in, INT(in), 1.0f, y, INT(out));
}

void linear_backward(const struct linear *layer, const float *value, const float *dy, float *dx,
                     const struct tile *t) {
    const size_t in = layer->in, out = layer->out;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, INT(t->rows), INT(in), INT(t->columns), 1.0f,
                dy + tile_offset(t, out), INT(out), value + layer->weight + t->column * in, INT(in), 0.0f,
                dx + t->row * in, INT(in));
}

void linear_gradient(const struct linear *layer, const float *dy, const float *x, size_t rows, size_t first,
                     size_t units, float scale, float *gradient) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, INT(units), INT(layer->in), INT(rows), scale, dy + first,
                INT(layer->out), x, INT(layer->in), 1.0f, gradient + layer->weight + first * layer->in,
                INT(layer->in));
    math_kernel()->column_sums(gradient + layer->bias + first, dy + first, rows, units, layer->out, scale);
}

void matrix_multiply(size_t rows, size_t columns, size_t inner, float alpha, const float *a, const float *b,
                     float beta, float *y) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, INT(rows), INT(columns), INT(inner), alpha, a,
                INT(inner), b, INT(columns), beta, y, INT(columns));
}

void matrix_gram(const float *x, size_t rows, size_t columns, bool tall, float *gram) {
    const size_t n = tall ? columns : rows, inner = tall ? rows : columns;
    cblas_sgemm(CblasRowMajor, tall ? CblasTrans : CblasNoTrans, tall ? CblasNoTrans : CblasTrans, INT(n), INT(n),
                INT(inner), 1.0f, x, INT(columns), x, INT(columns), 0.0f, gram, INT(n));
}
