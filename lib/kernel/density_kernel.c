/* Compiled once a level with its vector instructions (see the Makefile). */
#include "kernel/density_kernel.h"

#include "base/level.h"
#include "kernel/elementary.h"

SPECIALISED float cross_entropy_block(const float *a, const float *x, float *gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        float softplus, sigmoid;
        softplus_sigmoid(a[i], &softplus, &sigmoid);
        sum += softplus - x[i] * a[i];
        if (gradient != NULL)
            gradient[i] = sigmoid - x[i];
    }
    return sum;
}

/* A sum over elements with a gradient, in blocks. The two calls differ by a constant, so that the loop inside has
 * no question left to ask. */
#define LOCATION(name)                                                                          \
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

SPECIALISED float squared_error_block(const float *a, const float *x, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - x[i]) * (a[i] - x[i]);
    return sum;
}

static double squared_error(const float *a, const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK)
        sum += (double)squared_error_block(a + i, x + i, n - i < SUM_BLOCK ? n - i : SUM_BLOCK);
    return sum;
}

/* The same with two gradients, each of which a caller may not want. */
#define LOCATION_SCALE(name)                                                                                 \
    static double name(const float *a, const float *x, const float *log_scale, const float *inverse_scale,   \
                       float *gradient, float *scale_gradient, size_t n) {                                   \
        double sum = 0;                                                                                      \
        for (size_t i = 0; i < n; i += SUM_BLOCK) {                                                          \
            const size_t some = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;                                       \
            const float *t = log_scale + i, *s = inverse_scale + i;                                          \
            sum += (double)(gradient == NULL ? name##_block(a + i, x + i, t, s, NULL, NULL, some)            \
                            : scale_gradient == NULL                                                         \
                                ? name##_block(a + i, x + i, t, s, gradient + i, NULL, some)                 \
                                : name##_block(a + i, x + i, t, s, gradient + i, scale_gradient + i, some)); \
        }                                                                                                    \
        return sum;                                                                                          \
    }

SPECIALISED float gaussian_block(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                                 float *gradient, float *scale_gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        const float d = (x[i] - a[i]) * inverse_scale[i];
        sum += 0.5f * d * d + log_scale[i];
        if (gradient != NULL)
            gradient[i] = -d * inverse_scale[i];
        if (scale_gradient != NULL)
            scale_gradient[i] = 1.0f - d * d;
    }
    return sum;
}

SPECIALISED float laplace_block(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                                float *gradient, float *scale_gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        const float d = (x[i] - a[i]) * inverse_scale[i], inverse = inverse_scale[i];
        sum += fabsf(d) + log_scale[i];
        if (gradient != NULL)
            gradient[i] = d > 0.0f ? -inverse : d < 0.0f ? inverse : 0.0f;
        if (scale_gradient != NULL)
            scale_gradient[i] = 1.0f - fabsf(d);
    }
    return sum;
}

/* F(u) - F(v) = F(u) F(-v) (1 - exp(v - u)), of which at the first level only F(u) is left, and at the last F(-v).
 */
SPECIALISED float logistic_block(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                                 float *gradient, float *scale_gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        const float d = (x[i] - a[i]) * inverse_scale[i], width = inverse_scale[i] * (1.0f / 255.0f);
        const float u = d + 0.5f * width, v = d - 0.5f * width;
        const int first = x[i]<0.5f / 255.0f, last = x[i]> 254.5f / 255.0f;
        float above, below, above_slope, below_slope, inside, mean;
        softplus_sigmoid(-u, &above, &above_slope);
        softplus_sigmoid(v, &below, &below_slope);
        truncated_exponential(width, &inside, &mean);
        above = last ? 0.0f : above;
        above_slope = last ? 0.0f : above_slope;
        below = first ? 0.0f : below;
        below_slope = first ? 0.0f : below_slope;
        const float bounded = first | last ? 0.0f : log_scale[i] + 5.5412635f - inside; /* log 255 */
        sum += above + below + bounded;
        if (gradient != NULL)
            gradient[i] = inverse_scale[i] * (above_slope - below_slope);
        if (scale_gradient != NULL)
            scale_gradient[i] = u * above_slope - v * below_slope + (first | last ? 0.0f : 1.0f - width * mean);
    }
    return sum;
}

LOCATION_SCALE(gaussian)
LOCATION_SCALE(laplace)
LOCATION_SCALE(logistic)

/* The integral of exp(a t) is that of exp(-a t) times exp a. */
SPECIALISED float continuous_cross_entropy_block(const float *a, const float *x, float *gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        const float logit = a[i];
        float log_integral, mean;
        truncated_exponential(fabsf(logit), &log_integral, &mean);
        sum += (logit > 0.0f ? logit : 0.0f) + log_integral - x[i] * logit;
        if (gradient != NULL)
            gradient[i] = (logit > 0.0f ? 1.0f - mean : mean) - x[i];
    }
    return sum;
}

LOCATION(continuous_cross_entropy)

#define LANES 16 /* of the widest vectors */

/* With its lanes written out: clang does not vectorize a maximum, since with a NaN it depends on the order. */
static float maximum(const float *a, size_t n) {
    float max[LANES];
    for (size_t lane = 0; lane < LANES; lane++)
        max[lane] = a[0];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
#pragma omp simd
        for (size_t lane = 0; lane < LANES; lane++)
            max[lane] = a[i + lane] > max[lane] ? a[i + lane] : max[lane];
    }
    for (; i < n; i++)
        max[0] = a[i] > max[0] ? a[i] : max[0];
    for (size_t lane = 1; lane < LANES; lane++)
        max[0] = max[lane] > max[0] ? max[lane] : max[0];
    return max[0];
}

static double softmax(float *a, size_t n) {
    const float max = maximum(a, n);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        a[i] = exp_below(a[i] - max);
        sum += a[i];
    }
    const float inverse = 1.0f / sum;
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
