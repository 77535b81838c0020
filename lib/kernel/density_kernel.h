/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DENSITY_KERNEL_H
#define KERNEL_DENSITY_KERNEL_H

#include <stddef.h>

/* The likelihoods' loops over elements, vectorised, one table per level (base/level.h). All arrays have n elements,
 * and gradients are with respect to a or to the log-scale. NaN gives NaN. */
struct density_kernel {
    /* The sum over i of log(1 + exp(a[i])) - x[i] a[i]: Bernoulli's -log p(x|a) with logits a. If gradient is
     * not NULL, gradient[i] = sigmoid(a[i]) - x[i]; it may be a itself. */
    double (*cross_entropy)(const float *a, const float *x, float *gradient, size_t n);

    /* The sum over i of (x[i] - a[i])^2. */
    double (*squared_error)(const float *a, const float *x, size_t n);

    /* The sum over i of d^2 / 2 + log_scale[i], d = (x[i] - a[i]) inverse_scale[i]: the normal distribution's
     * -log p(x|a) without its constant. If gradient is not NULL, gradient[i] = -d inverse_scale[i]; it may be a
     * itself. If scale_gradient is not NULL, scale_gradient[i] = 1 - d^2; it is NULL if gradient is. */
    double (*gaussian)(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                       float *gradient, float *scale_gradient, size_t n);

    /* The same for the Laplace distribution, with terms |d| + log_scale[i], and for the logistic distribution over
     * the levels k/255, k = 0 to 255, with terms -log(F(d + h) - F(d - h)). Here F is the logistic
     * function and h = inverse_scale[i] / 510. The first and the last level also have the probability of all values
     * beyond them. */
    double (*laplace)(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                      float *gradient, float *scale_gradient, size_t n);
    double (*logistic)(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                       float *gradient, float *scale_gradient, size_t n);

    /* The sum over i of log((exp(a[i]) - 1) / a[i]) - x[i] a[i]: the continuous Bernoulli's -log p(x|a). If
     * gradient is not NULL, gradient[i] = 1 / (1 - exp(-a[i])) - 1 / a[i] - x[i]; it may be a itself. */
    double (*continuous_cross_entropy)(const float *a, const float *x, float *gradient, size_t n);

    /* Replaces a[i] by exp(a[i]) / S, where S is the sum of exp(a[i]); n is at least 1. Returns log S. */
    double (*softmax)(float *a, size_t n);
};

extern const struct density_kernel density_kernel_baseline, density_kernel_avx2, density_kernel_avx512;

/* The table of the level in use. */
const struct density_kernel *density_kernel(void);

#endif
