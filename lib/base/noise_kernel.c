/* SPDX-License-Identifier: MIT */
/* Compiled once per level, always without fused multiply-adds (see the Makefile): every level gives the same
 * bits. LANES counters are computed at the same time. */
#include "base/noise_kernel.h"

#include "base/level.h"
#include "base/philox.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif
#include <math.h>
#include <string.h>

/* Four lanes of 64 bits. The low half of a lane is a word, and the high half may have any value, so that a product
 * of words needs no shuffles. */
typedef uint64_t wide __attribute__((vector_size(32)));
typedef uint32_t narrow __attribute__((vector_size(16)));
#define WIDE_LANES 4
#define ABREAST 2                    /* vectors at a time: a single one would wait for its own products */
#define LANES (ABREAST * WIDE_LANES) /* Philox blocks at a time, four words each */

/* A macro, since a function of vectors would have another calling convention at each level. */
#ifdef __AVX2__
#define PRODUCT(words, factor) ((wide)_mm256_mul_epu32((__m256i)(words), _mm256_set1_epi64x(factor)))
#else
#define PRODUCT(words, factor) (((words)&0xffffffffu) * (uint64_t)(factor))
#endif

struct words {
    uint32_t word[4][LANES];
};

static inline void random_words(struct words *w, uint32_t block, struct noise noise) {
    uint32_t k0 = (uint32_t)noise.seed, k1 = (uint32_t)(noise.seed >> 32);
    wide c[4][ABREAST];
    for (uint32_t v = 0; v < ABREAST; v++) {
        c[0][v] = (wide){0, 1, 2, 3} + (block + v * WIDE_LANES);
        c[1][v] = (wide){0} + (noise.item & 0xffffffffu);
        c[2][v] = (wide){0} + (noise.item >> 32);
        c[3][v] = (wide){0} + (noise.draw << 8 | (uint32_t)noise.purpose);
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (uint32_t v = 0; v < ABREAST; v++) {
            const wide p0 = PRODUCT(c[0][v], PHILOX_FACTOR0), p1 = PRODUCT(c[2][v], PHILOX_FACTOR1);
            c[0][v] = (p1 >> 32) ^ c[1][v] ^ k0;
            c[1][v] = p1;
            c[2][v] = (p0 >> 32) ^ c[3][v] ^ k1;
            c[3][v] = p0;
        }
        k0 += PHILOX_STEP0;
        k1 += PHILOX_STEP1;
    }
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t v = 0; v < ABREAST; v++) {
            const narrow words = __builtin_convertvector(c[i][v], narrow);
            memcpy(&w->word[i][v * WIDE_LANES], &words, sizeof words);
        }
}

/* log u for u in [2^-32, 1]: u = 2^e m with m near 1, and log m = 2 atanh((m-1)/(m+1)) as its series. */
static inline float log_unit(float u) {
    uint32_t bits;
    memcpy(&bits, &u, sizeof bits);
    const uint32_t shifted = bits - 0x3f3504f3u; /* of sqrt(1/2): m falls in [sqrt(1/2), sqrt(2)) */
    const float e = (float)((int32_t)shifted >> 23);
    bits = (shifted & 0x007fffffu) + 0x3f3504f3u;
    float m;
    memcpy(&m, &bits, sizeof m);
    const float s = (m - 1.0f) / (m + 1.0f), q = s * s;
    const float series = q * (0.33333333f + q * (0.2f + q * (0.14285714f + q * 0.11111111f)));
    return e * 0.69314718f + (2.0f * s + 2.0f * s * series);
}

/* cos and sin of 2 pi turn / 2^32: the top bits select the quarter, and the Taylor series gives the rest. */
static inline void cos_sin_turn(uint32_t turn, float *c, float *s) {
    const uint32_t centred = turn + 0x20000000u, quarter = centred >> 30;
    const float a = (float)((int32_t)(centred & 0x3fffffffu) - 0x20000000) * 1.46291808e-9f; /* 2 pi / 2^32 */
    const float q = a * a;
    const float sine = a + a * q * (-0.16666667f + q * (8.3333333e-3f + q * (-1.9841270e-4f + q * 2.7557319e-6f)));
    const float cosine =
        1.0f + q * (-0.5f + q * (4.1666667e-2f + q * (-1.3888889e-3f + q * (2.4801587e-5f - q * 2.7557319e-7f))));
    const float c0 = (quarter & 1u) ? sine : cosine, s0 = (quarter & 1u) ? cosine : sine;
    *c = (quarter == 1u || quarter == 2u) ? -c0 : c0;
    *s = quarter >= 2u ? -s0 : s0;
}

/* Each function of four words is first computed lane by lane; then its values are put in order. */
struct values {
    float value[4][LANES];
};

/* The Box-Muller transform: two words give two normal numbers. The radius uses 31 bits plus half a step, so that
 * log 0 never occurs. */
static inline void normal_values(struct values *v, const struct words *w) {
    for (int i = 0; i < 4; i += 2)
#pragma omp simd
        for (uint32_t lane = 0; lane < LANES; lane++) {
            const float u = (float)(int32_t)(w->word[i][lane] >> 1) * 0x1p-31f + 0x1p-32f;
            const float radius = sqrtf(-2.0f * log_unit(u));
            float cosine, sine;
            cos_sin_turn(w->word[i + 1][lane], &cosine, &sine);
            v->value[i][lane] = radius * cosine;
            v->value[i + 1][lane] = radius * sine;
        }
}

static inline void uniform_values(struct values *v, const struct words *w) {
    for (int i = 0; i < 4; i++)
#pragma omp simd
        for (uint32_t lane = 0; lane < LANES; lane++)
            v->value[i][lane] = (float)(int32_t)(w->word[i][lane] >> 8) * 0x1p-24f;
}

static inline void in_order(float out[4 * LANES], const struct values *v) {
#pragma omp simd
    for (uint32_t lane = 0; lane < LANES; lane++) {
        out[4 * lane] = v->value[0][lane];
        out[4 * lane + 1] = v->value[1][lane];
        out[4 * lane + 2] = v->value[2][lane];
        out[4 * lane + 3] = v->value[3][lane];
    }
}

static inline __attribute__((always_inline)) void fill(float *out, size_t n, struct noise noise,
                                                       void (*take)(struct values *v, const struct words *w)) {
    float values[4 * LANES];
    struct values v;
    struct words w;
    for (size_t done = 0; done < n; done += 4 * LANES) {
        const size_t left = n - done < 4 * LANES ? n - done : 4 * LANES;
        random_words(&w, (uint32_t)((noise.position + done) / 4), noise);
        take(&v, &w);
        in_order(values, &v);
        memcpy(out + done, values, left * sizeof *out);
    }
}

static void normal(float *out, size_t n, struct noise noise) {
    fill(out, n, noise, normal_values);
}

static void uniform(float *out, size_t n, struct noise noise) {
    fill(out, n, noise, uniform_values);
}

const struct noise_kernel AT_LEVEL(noise_kernel) = {normal, uniform};
