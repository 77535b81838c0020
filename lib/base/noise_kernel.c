/* Compiled once a level, always without fused multiply-adds (see the Makefile): every level gives the same
 * bits. Loops run over LANES counters side by side, which the compiler turns into vectors. */
#include "base/noise_kernel.h"

#include "base/level.h"
#include "base/philox.h"

#include <math.h>
#include <string.h>

#define LANES 16 /* Philox blocks at a time, four words each */

struct words {
    uint32_t word[4][LANES];
};

/* Round by round over all lanes: the other way round the compiler makes no vectors of it. */
static inline void random_words(struct words *w, uint32_t block, struct noise noise) {
    uint32_t k0 = (uint32_t)noise.seed, k1 = (uint32_t)(noise.seed >> 32);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        w->word[0][lane] = block + lane;
        w->word[1][lane] = (uint32_t)noise.item;
        w->word[2][lane] = (uint32_t)(noise.item >> 32);
        w->word[3][lane] = noise.draw << 8 | (uint32_t)noise.purpose;
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
#pragma omp simd
        for (uint32_t lane = 0; lane < LANES; lane++)
            philox_round(&w->word[0][lane], &w->word[1][lane], &w->word[2][lane], &w->word[3][lane], k0, k1);
        k0 += PHILOX_STEP0;
        k1 += PHILOX_STEP1;
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

/* cos and sin of a full turn times turn / 2^32: the top bits pick the quarter, Taylor's series the rest. */
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

/* Every function of four words is first taken lane by lane, then its values are put in their order. */
struct values {
    float value[4][LANES];
};

/* Box and Muller: two words make two normals. The radius takes 31 bits and half a step, never log 0. */
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
