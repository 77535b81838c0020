/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_ELEMENTARY_H
#define KERNEL_ELEMENTARY_H

#include "base/level.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Functions of one element for kernel files, without branches and library calls, so that loops over them are
 * vectorised. math_kernel.h states the errors of the functions that use them.
 *
 * Kernel files are compiled without contraction of multiplications and additions. A fused multiply-add is written
 * as `fused`, and each sum has a fixed number of lanes. So the bits are the same at every level that has fused
 * multiply-adds. */

#define SUM_BLOCK 1024 /* elements that are summed in single precision; the sums of blocks are added in double */

/* For functions that are always inlined, so that each call is compiled for its own constants. */
#define SPECIALISED static inline __attribute__((always_inline))

/* a b + c, rounded once if the level has such an instruction. */
static inline float fused(float a, float b, float c) {
#ifdef LEVEL_FUSES
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* For each i in [0, n), adds `term`, an expression of i, to lane[i % SUM_LANES]. */
#define SUM_LANES 16
#define ADD_TO_LANES(lane, n, term)                                         \
    do {                                                                    \
        size_t first_ = 0;                                                  \
        for (; first_ + SUM_LANES <= (n); first_ += SUM_LANES) {            \
            _Pragma("omp simd") for (size_t j_ = 0; j_ < SUM_LANES; j_++) { \
                const size_t i = first_ + j_;                               \
                (lane)[j_] += (term);                                       \
            }                                                               \
        }                                                                   \
        for (size_t i = first_; i < (n); i++)                               \
            (lane)[i - first_] += (term);                                   \
    } while (0)

static inline float sum_of_lanes(const float lane[SUM_LANES]) {
    float sum[SUM_LANES];
    memcpy(sum, lane, sizeof sum);
    for (size_t half = SUM_LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            sum[j] += sum[j + half];
    return sum[0];
}

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

/* For -87 <= x <= 88: exp x = 2^n exp r with |r| <= log(2)/2. Adding 1.5 * 2^23 rounds to the whole number n and
 * leaves it in the low bits, which are shifted to the exponent. exp of NaN is NaN, also in the two functions that
 * bound x. */
static inline float exp_bounded(float x) {
    const float magic = 12582912.0f;
    const float shifted = fused(x, 1.44269504f, magic), n = shifted - magic;
    const float r = fused(n, 2.12194440e-4f, fused(n, -0.693359375f, x)), q = r * r;
    const float low = fused(r, 0.16666667f, 0.5f), middle = fused(r, 8.3333333e-3f, 4.1666667e-2f),
                high = fused(r, 1.9841270e-4f, 1.3888889e-3f);
    const float p = fused(q, fused(q, high, middle), low);
    return fused(r, fused(r, p, 1.0f), 1.0f) * bits_to_float((float_to_bits(shifted) << 23) + 0x3f800000u);
}

static inline float exp1(float x) {
    x = x < -87.0f ? -87.0f : x;
    return exp_bounded(x > 88.0f ? 88.0f : x);
}

/* For x <= 0. */
static inline float exp_below(float x) {
    return exp_bounded(x < -87.0f ? -87.0f : x);
}

/* log(1 + t) for t in [0, 1]: t times the polynomial of degree 8 with the smallest maximum error, 5e-9. Its terms
 * are added in pairs, so that a processor can compute them at the same time. */
static inline float log1p_unit(float t) {
    const float q = t * t, q2 = q * q;
    const float low = fused(q, fused(t, -0.24672686f, 0.33289668f), fused(t, -0.49997094f, 0.99999933f));
    const float high = fused(q, fused(t, -0.023855415f, 0.068084615f), fused(t, -0.12690880f, 0.18569814f));
    return t * fused(q2, fused(q2, 0.0039304482f, high), low);
}

/* log x for normal x > 0, from x = 2^n m with 1 <= m < 2; absolute error below 1e-7 (1 + |log x|). */
static inline float log_normal(float x) {
    const uint32_t bits = float_to_bits(x);
    const float n = (float)((int32_t)(bits >> 23) - 127);
    return fused(n, 0.693147181f, log1p_unit(bits_to_float((bits & 0x7fffffu) | 0x3f800000u) - 1.0f));
}

/* For a >= 0, sets *log_integral to the log of the integral of exp(-a t) over t in [0, 1], log((1 - exp -a) / a),
 * and *mean to minus its derivative, 1 / a - 1 / (exp a - 1), which is the mean of t under that density. For a < 1
 * the quotients lose digits, so both are computed from the Taylor series of log(sinh(a/2) / (a/2)) - a/2. */
static inline void truncated_exponential(float a, float *log_integral, float *mean) {
    const float q = a * a, t = exp_below(-a), rest = 1.0f - t, bounded = a < 1.0f ? 1.0f : a;
    const float series =
        q * fused(-q, fused(-q, fused(-q, 1.0333995e-7f, 5.5114638e-6f), 3.4722222e-4f), 4.1666667e-2f);
    const float slope =
        a * fused(-q, fused(-q, fused(-q, fused(-q, 2.0876757e-8f, 8.2671958e-7f), 3.3068783e-5f), 1.3888889e-3f),
                  8.3333333e-2f);
    const float safe = a < 1.0f ? 0.63212056f : rest;
    *log_integral = a < 1.0f ? fused(-0.5f, a, series) : log_normal(safe / bounded);
    *mean = a < 1.0f ? 0.5f - slope : 1.0f / bounded - t / safe;
}

/* Sets softplus a = max(a, 0) + log(1 + exp -|a|) and sigmoid a, with one exponential and one division. */
static inline void softplus_sigmoid(float a, float *softplus, float *sigmoid) {
    const float t = exp_below(-fabsf(a)), large = 1.0f / (1.0f + t);
    *softplus = (a < 0.0f ? 0.0f : a) + log1p_unit(t);
    *sigmoid = a >= 0.0f ? large : t * large;
}

static inline float sigmoid1(float a) {
    const float t = exp_below(-fabsf(a)), large = 1.0f / (1.0f + t);
    return a >= 0.0f ? large : t * large;
}

/* tanh x. For |x| < 0.25 the quotient loses digits, so it is computed by the Taylor series. */
static inline float tanh1(float x) {
    const float t = exp_below(-2.0f * fabsf(x)), quotient = (1.0f - t) / (1.0f + t), q = x * x;
    const float series =
        fused(x * q, fused(q, fused(q, fused(q, 0.021869489f, -0.053968254f), 0.13333333f), -0.33333333f), x);
    return q < 0.0625f ? series : x < 0.0f ? -quotient : quotient;
}

#endif
