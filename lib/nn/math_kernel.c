/* Compiled once a level with its vector instructions (see the Makefile). The functions of one element are
 * written without branches and library calls, so that the loops over them become vectors. */
#include "nn/math_kernel.h"

#include "base/level.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define SUM_BLOCK 1024 /* elements summed in single precision before the double takes over */

/* Always inlined, so that each call is compiled for its own constants. */
#define SPECIALISED static inline __attribute__((always_inline))

static inline float bits_to_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t float_to_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* exp x = 2^n exp r with |r| <= log(2)/2. Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low
 * bits, where it becomes the exponent. Comparisons are such that NaN passes through. */
static inline float exp_bounded(float x) {
    const float magic = 12582912.0f;
    const float shifted = x * 1.44269504f + magic, n = shifted - magic;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    const float q = r * r;
    const float p = (0.5f + r * 0.16666667f) +
                    q * ((4.1666667e-2f + r * 8.3333333e-3f) + q * (1.3888889e-3f + r * 1.9841270e-4f));
    return (1.0f + r * (1.0f + r * p)) * bits_to_float((float_to_bits(shifted) << 23) + 0x3f800000u);
}

static inline float exp1(float x) {
    x = x < -87.0f ? -87.0f : x;
    return exp_bounded(x > 88.0f ? 88.0f : x);
}

/* For x <= 0. */
static inline float exp_below(float x) {
    return exp_bounded(x < -87.0f ? -87.0f : x);
}

/* log(1 + t) for t in [0, 1]: t times the polynomial of degree 8 with the smallest greatest error, 5e-9. In pairs,
 * which processors work on side by side. */
static inline float log1p_unit(float t) {
    const float q = t * t;
    const float low = (0.99999933f - t * 0.49997094f) + q * (0.33289668f - t * 0.24672686f);
    const float high = (0.18569814f - t * 0.12690880f) + q * (0.068084615f - t * 0.023855415f);
    return t * (low + q * q * (high + q * q * 0.0039304482f));
}

/* For normal x > 0: 2^n m with 1 <= m < 2, absolute error below 1e-7 (1 + |log x|). */
static inline float log_normal(float x) {
    const uint32_t bits = float_to_bits(x);
    const float n = (float)((int32_t)(bits >> 23) - 127);
    return n * 0.693147181f + log1p_unit(bits_to_float((bits & 0x7fffffu) | 0x3f800000u) - 1.0f);
}

/* For a >= 0: log of the integral of exp(-a t) over t in [0, 1], log((1 - exp -a) / a), and minus its slope,
 * 1 / a - 1 / (exp a - 1), the mean of t under that density. Near 0, where the quotients lose their digits, by
 * Taylor's series of log(sinh(a/2) / (a/2)) - a/2; at 1 the two meet. */
static inline void truncated_exponential(float a, float *log_integral, float *mean) {
    const float q = a * a, t = exp_below(-a), rest = 1.0f - t, bounded = a < 1.0f ? 1.0f : a;
    const float series = q * (4.1666667e-2f - q * (3.4722222e-4f - q * (5.5114638e-6f - q * 1.0333995e-7f)));
    const float slope =
        a * (8.3333333e-2f - q * (1.3888889e-3f - q * (3.3068783e-5f - q * (8.2671958e-7f - q * 2.0876757e-8f))));
    const float safe = a < 1.0f ? 0.63212056f : rest;
    *log_integral = a < 1.0f ? series - 0.5f * a : log_normal(safe / bounded);
    *mean = a < 1.0f ? 0.5f - slope : 1.0f / bounded - t / safe;
}

/* Both of them from one exponential and one division: softplus a = max(a, 0) + log(1 + exp -|a|). */
static inline void softplus_sigmoid(float a, float *softplus, float *sigmoid) {
    const float t = exp_below(-fabsf(a)), large = 1.0f / (1.0f + t);
    *softplus = (a < 0.0f ? 0.0f : a) + log1p_unit(t);
    *sigmoid = a >= 0.0f ? large : t * large;
}

static inline float sigmoid1(float a) {
    const float t = exp_below(-fabsf(a)), large = 1.0f / (1.0f + t);
    return a >= 0.0f ? large : t * large;
}

/* Near 0 the quotient would lose digits, and Taylor's series has them; at 0.25 the two meet. */
static inline float tanh1(float x) {
    const float t = exp_below(-2.0f * fabsf(x)), quotient = (1.0f - t) / (1.0f + t), q = x * x;
    const float series = x + x * q * (-0.33333333f + q * (0.13333333f + q * (-0.053968254f + q * 0.021869489f)));
    return q < 0.0625f ? series : x < 0.0f ? -quotient : quotient;
}

/* x Phi(x), Phi the normal distribution function by Abramowitz and Stegun 7.1.26 (error below 1.5e-7). */
static inline void gelu1(float x, float *value, float *slope) {
    const float y = fabsf(x) * 0.70710678f, e = exp1(-y * y), t = 1.0f / (1.0f + 0.3275911f * y);
    const float p =
        t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    const float tail = 0.5f * p * e, distribution = x < 0.0f ? tail : 1.0f - tail;
    /* Beyond +-14 the tail is 0 in single precision; bounding x keeps 0 times infinity out. */
    const float bounded = x < -14.0f ? -14.0f : x > 14.0f ? 14.0f : x;
    *value = x > 14.0f ? x : bounded * distribution;
    *slope = distribution + bounded * e * 0.39894228f;
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
ACTIVATION(tanh, tanh1(x), 1.0f - y * y)
ACTIVATION(elu, x > 0.0f ? x : exp1(x) - 1.0f, y > 0.0f ? 1.0f : y + 1.0f)
ACTIVATION(softplus, softplus1(x), 1.0f - exp1(-y))

static void gelu_all(float *y, float *slope, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        gelu1(y[i], &y[i], &slope[i]);
}

static void slope_back(float *dy, const float *y, const float *slope, size_t n) {
    (void)y;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dy[i] *= slope[i];
}

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

SPECIALISED float squared_error_block(const float *a, const float *x, float scale, float *gradient, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        const float difference = a[i] - x[i];
        sum += difference * difference;
        if (gradient != NULL)
            gradient[i] = scale * difference;
    }
    return sum;
}

static double squared_error(const float *a, const float *x, float scale, float *gradient, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        const size_t some = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;
        sum += (double)(gradient == NULL ? squared_error_block(a + i, x + i, scale, NULL, some)
                                         : squared_error_block(a + i, x + i, scale, gradient + i, some));
    }
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

static double softmax(float *a, size_t n) {
    float max = a[0], sum = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 1; i < n; i++)
        max = a[i] > max ? a[i] : max;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        a[i] = exp_below(a[i] - max);
        sum += a[i];
    }
    const float inverse = 1.0f / sum;
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] *= inverse;
    return (double)max + log((double)sum);
}

/* 0 times a number is 0, and NaN where the number is not finite; so is any sum that it is in. */
static int finite_all(const float *x, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += 0.0f * x[i];
    return sum == 0.0f;
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
            sums[j] += scale * x[j];
    }
}

/* A moment that fades away is set to 0 before it becomes a denormal, which processors handle slowly. */
static inline float vanish(float moment) {
    return fabsf(moment) < 1e-30f ? 0.0f : moment;
}

static void adam(float *value, float *gradient, float *first, float *second, size_t n, float keep,
                 const struct adam_step *step) {
    const float beta1 = step->beta1, beta2 = step->beta2, rate = step->rate;
    const float rest1 = step->rest1, rest2 = step->rest2, gradient_scale = step->scale;
    const float scale = step->second_scale, epsilon = step->epsilon;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient_scale * gradient[i];
        gradient[i] = 0.0f;
        const float m = vanish(beta1 * first[i] + rest1 * g);
        const float v = vanish(beta2 * second[i] + rest2 * g * g);
        first[i] = m;
        second[i] = v;
        value[i] = keep * value[i] - rate * m / (sqrtf(v) * scale + epsilon);
    }
}

SPECIALISED float squares_block(const float *x, size_t n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

static double squares(const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK)
        sum += (double)squares_block(x + i, n - i < SUM_BLOCK ? n - i : SUM_BLOCK);
    return sum;
}

static double momentum(float *x, float *first, float *gradient, float gradient_scale, float beta, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient_scale * gradient[i];
        gradient[i] = 0.0f;
        first[i] = vanish(beta * first[i] + g);
        x[i] = g + beta * first[i];
    }
    return squares(x, n);
}

static void average_all(float *average, const float *x, float share, size_t n) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        average[i] += share * (x[i] - average[i]);
}

const struct math_kernel AT_LEVEL(math_kernel) = {
    .exp = exp_all,
    .relu = relu_all,
    .tanh = tanh_all,
    .elu = elu_all,
    .softplus = softplus_all,
    .gelu = gelu_all,
    .relu_backward = relu_back,
    .tanh_backward = tanh_back,
    .elu_backward = elu_back,
    .softplus_backward = softplus_back,
    .slope_backward = slope_back,
    .sigmoid = sigmoid_all,
    .cross_entropy = cross_entropy,
    .squared_error = squared_error,
    .gaussian = gaussian,
    .laplace = laplace,
    .logistic = logistic,
    .continuous_cross_entropy = continuous_cross_entropy,
    .softmax = softmax,
    .finite = finite_all,
    .scale = scale,
    .add = add,
    .column_sums = column_sums,
    .adam = adam,
    .momentum = momentum,
    .squares = squares,
    .average = average_all,
};
