/* SPDX-License-Identifier: MIT */
/* Compiled once per level, with the level's vector instructions (see the Makefile). */
#include "kernel/math_kernel.h"

#include "base/level.h"
#include "kernel/elementary.h"

#include <string.h>

/* x Phi(x), with the normal distribution function Phi from Abramowitz and Stegun 7.1.26 (error below 1.5e-7). */
static inline void gelu1(float x, float *value, float *slope) {
    const float y = fabsf(x) * 0.70710678f, e = exp1(-y * y), t = 1.0f / fused(0.3275911f, y, 1.0f);
    const float p =
        t * fused(t, fused(t, fused(t, fused(t, 1.061405429f, -1.453152027f), 1.421413741f), -0.284496736f),
                  0.254829592f);
    const float tail = 0.5f * p * e, distribution = x < 0.0f ? tail : 1.0f - tail;
    /* Beyond +-14 the tail is 0 in single precision; x is bounded to avoid 0 times infinity. */
    const float bounded = x < -14.0f ? -14.0f : x > 14.0f ? 14.0f : x;
    *value = x > 14.0f ? x : bounded * distribution;
    *slope = fused(bounded * e, 0.39894228f, distribution);
}

static void exp_all(float *x, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = exp1(x[i]);
}

static void sigmoid_all(float *a, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] = sigmoid1(a[i]);
}

/* Each activation is f of the element, and its slope in terms of f's value y. */
#define ACTIVATION(name, f, slope_of_y)                                                     \
    static void name##_all(float *y, float *slope, size_t n) {                              \
        (void)slope;                                                                        \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++) {                                \
            const float x = y[i];                                                           \
            y[i] = (f);                                                                     \
        }                                                                                   \
    }                                                                                       \
    static void name##_back(float *dy, const float *values, const float *slope, size_t n) { \
        (void)slope;                                                                        \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++) {                                \
            const float y = values[i];                                                      \
            dy[i] *= (slope_of_y);                                                          \
        }                                                                                   \
    }

static inline float softplus1(float a) {
    float softplus, sigmoid;
    softplus_sigmoid(a, &softplus, &sigmoid);
    return softplus;
}

ACTIVATION(relu, x<0.0f ? 0.0f : x, y> 0.0f ? 1.0f : 0.0f)
ACTIVATION(tanh, tanh1(x), fused(-y, y, 1.0f))
ACTIVATION(elu, x > 0.0f ? x : exp1(x) - 1.0f, y > 0.0f ? 1.0f : y + 1.0f)
ACTIVATION(softplus, softplus1(x), 1.0f - exp1(-y))

static void gelu_all(float *y, float *slope, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        gelu1(y[i], &y[i], &slope[i]);
}

static void silu_all(float *y, float *slope, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float x = y[i], sigmoid = sigmoid1(x), value = x * sigmoid;
        y[i] = value;
        slope[i] = fused(value, 1.0f - sigmoid, sigmoid);
    }
}

static void slope_back(float *dy, const float *y, const float *slope, size_t n) {
    (void)y;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dy[i] *= slope[i];
}

static void gate(float *y, float *pair, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float linear = pair[2 * i], open = sigmoid1(pair[2 * i + 1]);
        y[i] = linear * open;
        pair[2 * i] = open;
        pair[2 * i + 1] = y[i] * (1.0f - open);
    }
}

static void gate_back(const float *dy, float *pair, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        pair[2 * i] *= dy[i];
        pair[2 * i + 1] *= dy[i];
    }
}

static void gru(float *gates, const float *hidden, const float *h, float *next, size_t n) {
    float *reset = gates, *update = gates + n, *candidate = gates + 2 * n, *kept = gates + 3 * n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float r = sigmoid1(reset[i] + hidden[i]), z = sigmoid1(update[i] + hidden[n + i]);
        const float from_state = hidden[2 * n + i], c = tanh1(fused(r, from_state, candidate[i]));
        reset[i] = r;
        update[i] = z;
        candidate[i] = c;
        kept[i] = from_state;
        next[i] = fused(z, h[i] - c, c);
    }
}

static void gru_back(float *gates, float *hidden, const float *h, float *d, size_t n) {
    float *reset = gates, *update = gates + n, *candidate = gates + 2 * n, *kept = gates + 3 * n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float r = reset[i], z = update[i], c = candidate[i];
        const float dc = d[i] * (1.0f - z) * fused(-c, c, 1.0f), dz = d[i] * (h[i] - c) * z * (1.0f - z);
        const float dr = dc * kept[i] * r * (1.0f - r), dkept = dc * r;
        reset[i] = hidden[i] = dr;
        update[i] = hidden[n + i] = dz;
        candidate[i] = dc;
        kept[i] = hidden[2 * n + i] = dkept;
        d[i] *= z;
    }
}

/* 0 times x is 0 if x is finite, else NaN; a sum with a NaN is NaN. */
static int finite_all(const float *x, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += 0.0f * x[i];
    return sum == 0.0f;
}

static int within(const float *x, size_t n, float min, float max) {
    int outside = 0;
#pragma omp simd reduction(| : outside)
    for (size_t i = 0; i < n; i++)
        outside |= !(x[i] >= min && x[i] <= max);
    return outside == 0;
}

static void scale(float *x, float factor, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static void add(float *sum, const float *x, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

static void column_sums(float *sums, const float *x, size_t rows, size_t columns, size_t stride, float scale) {
    for (size_t row = 0; row < rows; row++, x += stride) {
#pragma omp simd
        for (size_t j = 0; j < columns; j++)
            sums[j] = fused(scale, x[j], sums[j]);
    }
}

/* A moment that fades away is set to 0 before it becomes a denormal, which processors handle slowly. */
static inline float vanish(float moment) {
    return fabsf(moment) < 1e-30f ? 0.0f : moment;
}

static bool adam(float *value, float *gradient, float *first, float *second, size_t n, float decay,
                 const struct adam_step *step) {
    const float beta1 = step->beta1, beta2 = step->beta2, rate = step->rate;
    const float rest1 = step->rest1, rest2 = step->rest2, gradient_scale = step->scale;
    const float scale = step->second_scale, epsilon = step->epsilon;
    float finite = 0; /* NaN if a second moment is not */
#pragma omp simd reduction(+ : finite)
    for (size_t i = 0; i < n; i++) {
        const float g = gradient_scale * gradient[i];
        gradient[i] = 0.0f;
        const float m = vanish(fused(beta1, first[i], rest1 * g));
        const float v = vanish(fused(beta2, second[i], rest2 * g * g));
        first[i] = m;
        second[i] = v;
        value[i] = fused(decay, value[i], -(rate * m / fused(sqrtf(v), scale, epsilon)));
        finite += 0.0f * v;
    }
    return finite == 0;
}

SPECIALISED float squares_block(const float *x, size_t n) {
    float lane[SUM_LANES] = {0};
    ADD_TO_LANES(lane, n, x[i] * x[i]);
    return sum_of_lanes(lane);
}

static double squares(const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK)
        sum += (double)squares_block(x + i, n - i < SUM_BLOCK ? n - i : SUM_BLOCK);
    return sum;
}

static void distances(const float *x, const float *y, const float *precision, size_t n, float *distance) {
    float sum[DISTANCES] = {0};
    for (size_t i = 0; i < n; i++, y += DISTANCES, precision += DISTANCES) {
#pragma omp simd
        for (size_t k = 0; k < DISTANCES; k++) {
            const float away = x[i] - y[k];
            sum[k] = fused(away * precision[k], away, sum[k]);
        }
    }
    memcpy(distance, sum, sizeof sum);
}

static double momentum(float *x, float *first, float *gradient, float gradient_scale, float beta, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient_scale * gradient[i];
        gradient[i] = 0.0f;
        first[i] = vanish(fused(beta, first[i], g));
        x[i] = fused(beta, first[i], g);
    }
    return squares(x, n);
}

static void average_all(float *average, const float *x, float fraction, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        average[i] = fused(fraction, x[i] - average[i], average[i]);
}

const struct math_kernel AT_LEVEL(math_kernel) = {
    .exp = exp_all,
    .relu = relu_all,
    .tanh = tanh_all,
    .elu = elu_all,
    .softplus = softplus_all,
    .gelu = gelu_all,
    .silu = silu_all,
    .relu_backward = relu_back,
    .tanh_backward = tanh_back,
    .elu_backward = elu_back,
    .softplus_backward = softplus_back,
    .slope_backward = slope_back,
    .gate = gate,
    .gate_backward = gate_back,
    .gru = gru,
    .gru_backward = gru_back,
    .sigmoid = sigmoid_all,
    .finite = finite_all,
    .within = within,
    .scale = scale,
    .add = add,
    .column_sums = column_sums,
    .adam = adam,
    .momentum = momentum,
    .squares = squares,
    .distances = distances,
    .average = average_all,
};
