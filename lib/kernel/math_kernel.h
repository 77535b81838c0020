/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_MATH_KERNEL_H
#define KERNEL_MATH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* The loops over elements that take most of the time of training, vectorised, one table per level (base/level.h).
 * Errors are differences from the exact value at the float argument. NaN gives NaN, and the activation of infinity
 * is its limit. */

/* Constants for one step of Adam (Kingma and Ba 2015, algorithm 1) or of Adagrad. */
struct adam_step {
    float rate;         /* of this step, divided by 1 - beta1^t */
    float scale;        /* of the gradient */
    float beta1, beta2; /* Adagrad's: 0 and 1 */
    float rest1, rest2; /* 1 - beta1, 1 - beta2, rounded once, from double; Adagrad's: 1 and 1 */
    float second_scale; /* 1 / sqrt(1 - beta2^t); Adagrad's: 1 */
    float epsilon;
};

#define DISTANCES ((size_t)64) /* points whose distances are computed together */

struct math_kernel {
    /* x[i] = exp(x[i]), relative error below 2e-7; arguments are bounded to [-87, 88]. */
    void (*exp)(float *x, size_t n);

    /* Activations in place: y[i] = f(y[i]), absolute error below 3e-7 (1 + |y|). If the slope f' cannot be computed
     * from f's value, slope[i] is set to it; otherwise slope is not used. */
    void (*relu)(float *y, float *slope, size_t n);
    void (*tanh)(float *y, float *slope, size_t n);
    void (*elu)(float *y, float *slope, size_t n);
    void (*softplus)(float *y, float *slope, size_t n);
    void (*gelu)(float *y, float *slope, size_t n);
    void (*silu)(float *y, float *slope, size_t n);

    /* dy[i] *= f', computed from the value y or from the slope that the forward pass has set. */
    void (*relu_backward)(float *dy, const float *y, const float *slope, size_t n);
    void (*tanh_backward)(float *dy, const float *y, const float *slope, size_t n);
    void (*elu_backward)(float *dy, const float *y, const float *slope, size_t n);
    void (*softplus_backward)(float *dy, const float *y, const float *slope, size_t n);
    void (*slope_backward)(float *dy, const float *y, const float *slope, size_t n);

    /* y[i] = l sigmoid(g) with l = pair[2 i] and g = pair[2 i + 1]. The pair is replaced by the derivatives of y[i]
     * with respect to l and to g. The errors of y and of both derivatives are as above. gate_backward multiplies
     * both derivatives by dy[i]. */
    void (*gate)(float *y, float *pair, size_t n);
    void (*gate_backward)(const float *dy, float *pair, size_t n);

    /* One position of a gated recurrent unit (Cho et al. 2014), as torch.nn.GRU has it. gates [4 n] begins with
     * the input's part of the gates r, z and c, and `hidden` [3 n] is the part of the state h [n]:
     *     r = sigmoid(.), z = sigmoid(.), c = tanh(gates_c + r hidden_c), next = c + z (h - c).
     * gates become r, z, c and hidden_c. Errors of each are as those of the activations. */
    void (*gru)(float *gates, const float *hidden, const float *h, float *next, size_t n);

    /* d [n] is the gradient with respect to `next`, and gates are as gru has left them. gates become the gradient
     * with respect to the input's part of r, z and c, followed by that with respect to hidden_c; `hidden` [3 n] the
     * gradient with respect to the state's part; and d the part of the gradient with respect to h that does not go
     * through `hidden`. */
    void (*gru_backward)(float *gates, float *hidden, const float *h, float *d, size_t n);

    /* a[i] = 1 / (1 + exp(-a[i])), absolute error below 2e-7. */
    void (*sigmoid)(float *a, size_t n);

    /* True if all n numbers are finite. */
    int (*finite)(const float *x, size_t n);

    /* True if all n numbers are in [min, max]; NaN is not. */
    int (*within)(const float *x, size_t n, float min, float max);

    /* x[i] *= factor. */
    void (*scale)(float *x, float factor, size_t n);

    /* sum[i] += x[i]. */
    void (*add)(float *sum, const float *x, size_t n);

    /* sums[j] += scale times the sum over rows of x[row * stride + j], for j in [0, columns). */
    void (*column_sums)(float *sums, const float *x, size_t rows, size_t columns, size_t stride, float scale);

    /* One step of Adam or Adagrad on n parameters and their moments. Each parameter is multiplied by `decay` before
     * the step is added. The gradient is set to 0, so that the next one can be added to it. Returns whether all
     * second moments are finite. */
    bool (*adam)(float *value, float *gradient, float *first, float *second, size_t n, float decay,
                 const struct adam_step *step);

    /* Nesterov momentum: first[i] = beta first[i] + scale gradient[i], then x[i] = scale gradient[i] + beta
     * first[i]. The gradient is set to 0. Returns the sum of x[i]^2. */
    double (*momentum)(float *x, float *first, float *gradient, float scale, float beta, size_t n);

    /* The sum of x[i]^2. */
    double (*squares)(const float *x, size_t n);

    /* distance[k] = the sum over i of (x[i] - y[i, k])^2 precision[i, k], for DISTANCES values of k. x [n]; y and
     * precision [n, DISTANCES]. */
    void (*distances)(const float *x, const float *y, const float *precision, size_t n, float *distance);

    /* average[i] += fraction (x[i] - average[i]). */
    void (*average)(float *average, const float *x, float fraction, size_t n);
};

extern const struct math_kernel math_kernel_baseline, math_kernel_avx2, math_kernel_avx512;

/* The table of the level in use. */
const struct math_kernel *math_kernel(void);

#endif
