#include "nn/linear.h"

#include "nn/math_kernel.h"

#include <cblas.h>
#include <string.h>

/* OpenBLAS counts in int; the model's sizes are bounded far below (see vae/model.h). */
#define INT(n) ((blasint)(n))

void linear_setup(void) {
    openblas_set_num_threads(1);
}

void linear_forward(const struct linear *layer, const float *value, const float *x, size_t rows, float *y) {
    /* The product is added to rows that hold the bias already: a pass over y less. */
    for (size_t row = 0; row < rows; row++)
        memcpy(y + row * layer->out, value + layer->bias, layer->out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, INT(rows), INT(layer->out), INT(layer->in), 1.0f, x,
                INT(layer->in), value + layer->weight, INT(layer->in), 1.0f, y, INT(layer->out));
}

void linear_backward(const struct linear *layer, const float *value, const float *dy, size_t rows, float *dx) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, INT(rows), INT(layer->in), INT(layer->out), 1.0f, dy,
                INT(layer->out), value + layer->weight, INT(layer->in), 0.0f, dx, INT(layer->in));
}

void linear_gradient(const struct linear *layer, const float *dy, const float *x, size_t rows, size_t first,
                     size_t units, float scale, float *gradient) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, INT(units), INT(layer->in), INT(rows), scale, dy + first,
                INT(layer->out), x, INT(layer->in), 0.0f, gradient + layer->weight + first * layer->in,
                INT(layer->in));
    float *bias = gradient + layer->bias + first;
    math_kernel()->column_sums(bias, dy + first, rows, units, layer->out);
    for (size_t i = 0; i < units; i++)
        bias[i] *= scale;
}
