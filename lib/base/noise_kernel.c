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

static inline void random_words(struct words *w, uint32_t block, struct noise noise) {
    const uint32_t item0 = (uint32_t)noise.item, item1 = (uint32_t)(noise.item >> 32);
    const uint32_t c3 = noise.draw << 8 | (uint32_t)noise.purpose;
    const uint32_t k0 = (uint32_t)noise.seed, k1 = (uint32_t)(noise.seed >> 32);
#pragma omp simd
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t out[4];
        philox4x32(block + lane, item0, item1, c3, k0, k1, out);
        w->word[0][lane] = out[0];
        w->word[1][lane] = out[1];
        w->word[2][lane] = out[2];
        w->word[3][lane] = out[3];
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

/* Box and Muller: two words make two normals. The radius takes 31 bits and half a step, never log 0. */
static void normal_block(float out[4 * LANES], const struct words *w) {
    for (int pair = 0; pair < 2; pair++) {
        float c[LANES], s[LANES];
#pragma omp simd
        for (uint32_t lane = 0; lane < LANES; lane++) {
            const float u = (float)(int32_t)(w->word[2 * pair][lane] >> 1) * 0x1p-31f + 0x1p-32f;
            const float radius = sqrtf(-2.0f * log_unit(u));
            float cosine, sine;
            cos_sin_turn(w->word[2 * pair + 1][lane], &cosine, &sine);
            c[lane] = radius * cosine;
            s[lane] = radius * sine;
        }
        for (uint32_t lane = 0; lane < LANES; lane++) {
            out[4 * lane + 2 * (uint32_t)pair] = c[lane];
            out[4 * lane + 2 * (uint32_t)pair + 1] = s[lane];
        }
    }
}

static void uniform_block(float out[4 * LANES], const struct words *w) {
    for (uint32_t lane = 0; lane < LANES; lane++)
        for (uint32_t i = 0; i < 4; i++)
            out[4 * lane + i] = (float)(int32_t)(w->word[i][lane] >> 8) * 0x1p-24f;
}

static inline void fill(float *out, size_t n, struct noise noise,
                        void (*block)(float out[4 * LANES], const struct words *w)) {
    float values[4 * LANES];
    struct words w;
    for (size_t done = 0; done < n; done += 4 * LANES) {
        const size_t left = n - done < 4 * LANES ? n - done : 4 * LANES;
        random_words(&w, (uint32_t)((noise.position + done) / 4), noise);
        block(values, &w);
        memcpy(out + done, values, left * sizeof *out);
    }
}

static void normal(float *out, size_t n, struct noise noise) {
    fill(out, n, noise, normal_block);
}

static void uniform(float *out, size_t n, struct noise noise) {
    fill(out, n, noise, uniform_block);
}

const struct noise_kernel AT_LEVEL(noise_kernel) = {normal, uniform};
