/* SPDX-License-Identifier: MIT */
/* Compiled once per level, with the level's vector instructions (see the Makefile). */
#include "kernel/density_kernel.h"

#include "base/level.h"
#include "kernel/elementary.h"

/* One element of each sum below, and its gradients unless they are NULL. */

SPECIALISED float cross_entropy1(float a, float x, float *gradient) {
    float softplus, sigmoid;
    softplus_sigmoid(a, &softplus, &sigmoid);
    if (gradient != NULL)
        *gradient = sigmoid - x;
    return fused(-x, a, softplus);
}

SPECIALISED float gaussian1(float a, float x, float log_scale, float inverse_scale, float *gradient,
                            float *scale_gradient) {
    const float d = (x - a) * inverse_scale;
    if (gradient != NULL)
        *gradient = -d * inverse_scale;
    if (scale_gradient != NULL)
        *scale_gradient = fused(-d, d, 1.0f);
    return fused(0.5f * d, d, log_scale);
}

SPECIALISED float laplace1(float a, float x, float log_scale, float inverse_scale, float *gradient,
                           float *scale_gradient) {
    const float d = (x - a) * inverse_scale;
    if (gradient != NULL)
        *gradient = d > 0.0f ? -inverse_scale : d < 0.0f ? inverse_scale : 0.0f;
    if (scale_gradient != NULL)
        *scale_gradient = 1.0f - fabsf(d);
    return fabsf(d) + log_scale;
}

/* F(u) - F(v) = F(u) F(-v) (1 - exp(v - u)). At the first level it is F(u) alone, and at the last F(-v) alone. */
SPECIALISED float logistic1(float a, float x, float log_scale, float inverse_scale, float *gradient,
                            float *scale_gradient) {
    const float d = (x - a) * inverse_scale, width = inverse_scale * (1.0f / 255.0f);
    const float u = fused(0.5f, width, d), v = fused(-0.5f, width, d);
    const int first = x<0.5f / 255.0f, last = x> 254.5f / 255.0f;
    float above, below, above_slope, below_slope, inside, mean;
    softplus_sigmoid(-u, &above, &above_slope);
    softplus_sigmoid(v, &below, &below_slope);
    truncated_exponential(width, &inside, &mean);
    above = last ? 0.0f : above;
    above_slope = last ? 0.0f : above_slope;
    below = first ? 0.0f : below;
    below_slope = first ? 0.0f : below_slope;
    const float bounded = first | last ? 0.0f : log_scale + 5.5412635f - inside; /* log 255 */
    if (gradient != NULL)
        *gradient = inverse_scale * (above_slope - below_slope);
    if (scale_gradient != NULL)
        *scale_gradient =
            fused(u, above_slope, fused(-v, below_slope, first | last ? 0.0f : fused(-width, mean, 1.0f)));
    return above + below + bounded;
}

/* The integral of exp(a t) is that of exp(-a t) times exp a. */
SPECIALISED float continuous_cross_entropy1(float a, float x, float *gradient) {
    float log_integral, mean;
    truncated_exponential(fabsf(a), &log_integral, &mean);
    if (gradient != NULL)
        *gradient = (a > 0.0f ? 1.0f - mean : mean) - x;
    return (a > 0.0f ? a : 0.0f) + fused(-x, a, log_integral);
}

/* Defines `name`, the sum of name##1 over the elements, in blocks. The two calls of name##_block differ by a
 * constant, so that the loop inside has no branch. */
#define LOCATION(name)                                                                          \
    SPECIALISED float name##_block(const float *a, const float *x, float *gradient, size_t n) { \
        float lane[SUM_LANES] = {0};                                                            \
        ADD_TO_LANES(lane, n, name##1(a[i], x[i], gradient == NULL ? NULL : &gradient[i]));     \
        return sum_of_lanes(lane);                                                              \
    }                                                                                           \
    static double name(const float *a, const float *x, float *gradient, size_t n) {             \
        double sum = 0;                                                                         \
        for (size_t i = 0; i < n; i += SUM_BLOCK) {                                             \
            const size_t some = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;                          \
            sum += (double)(gradient == NULL ? name##_block(a + i, x + i, NULL, some)           \
                                             : name##_block(a + i, x + i, gradient + i, some)); \
        }                                                                                       \
        return sum;                                                                             \
    }

LOCATION(cross_entropy)
LOCATION(continuous_cross_entropy)

SPECIALISED float squared_error_block(const float *a, const float *x, size_t n) {
    float lane[SUM_LANES] = {0};
    ADD_TO_LANES(lane, n, (a[i] - x[i]) * (a[i] - x[i]));
    return sum_of_lanes(lane);
}

static double squared_error(const float *a, const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK)
        sum += (double)squared_error_block(a + i, x + i, n - i < SUM_BLOCK ? n - i : SUM_BLOCK);
    return sum;
}

/* As LOCATION, with two gradients: with respect to a and to log_scale. If the first one is NULL, so is the second.
 */
#define LOCATION_SCALE(name)                                                                                       \
    SPECIALISED float name##_block(const float *a, const float *x, const float *log_scale,                         \
                                   const float *inverse_scale, float *gradient, float *scale_gradient, size_t n) { \
        float lane[SUM_LANES] = {0};                                                                               \
        ADD_TO_LANES(lane, n,                                                                                      \
                     name##1(a[i], x[i], log_scale[i], inverse_scale[i], gradient == NULL ? NULL : &gradient[i],   \
                             scale_gradient == NULL ? NULL : &scale_gradient[i]));                                 \
        return sum_of_lanes(lane);                                                                                 \
    }                                                                                                              \
    static double name(const float *a, const float *x, const float *log_scale, const float *inverse_scale,         \
                       float *gradient, float *scale_gradient, size_t n) {                                         \
        double sum = 0;                                                                                            \
        for (size_t i = 0; i < n; i += SUM_BLOCK) {                                                                \
            const size_t some = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;                                             \
            const float *t = log_scale + i, *s = inverse_scale + i;                                                \
            sum += (double)(gradient == NULL ? name##_block(a + i, x + i, t, s, NULL, NULL, some)                  \
                            : scale_gradient == NULL                                                               \
                                ? name##_block(a + i, x + i, t, s, gradient + i, NULL, some)                       \
                                : name##_block(a + i, x + i, t, s, gradient + i, scale_gradient + i, some));       \
        }                                                                                                          \
        return sum;                                                                                                \
    }

LOCATION_SCALE(gaussian)
LOCATION_SCALE(laplace)
LOCATION_SCALE(logistic)

/* The lanes are written out, since clang does not vectorize a maximum: with a NaN it depends on the order. */
static float maximum(const float *a, size_t n) {
    float max[SUM_LANES];
    for (size_t lane = 0; lane < SUM_LANES; lane++)
        max[lane] = a[0];
    size_t i = 0;
    for (; i + SUM_LANES <= n; i += SUM_LANES) {
#pragma omp simd
        for (size_t lane = 0; lane < SUM_LANES; lane++)
            max[lane] = a[i + lane] > max[lane] ? a[i + lane] : max[lane];
    }
    for (; i < n; i++)
        max[0] = a[i] > max[0] ? a[i] : max[0];
    for (size_t lane = 1; lane < SUM_LANES; lane++)
        max[0] = max[lane] > max[0] ? max[lane] : max[0];
    return max[0];
}

static double softmax(float *a, size_t n) {
    const float max = maximum(a, n);
    float lane[SUM_LANES] = {0};
    ADD_TO_LANES(lane, n, a[i] = exp_below(a[i] - max));
    const float sum = sum_of_lanes(lane), inverse = 1.0f / sum;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] *= inverse;
    return (double)max + log((double)sum); // cppcheck-suppress invalidFunctionArg ; n is not 0
}

const struct density_kernel AT_LEVEL(density_kernel) = {
    .cross_entropy = cross_entropy,
    .squared_error = squared_error,
    .gaussian = gaussian,
    .laplace = laplace,
    .logistic = logistic,
    .continuous_cross_entropy = continuous_cross_entropy,
    .softmax = softmax,
};
