/* SPDX-License-Identifier: MIT */
#include "base/noise.h"

#include "base/level.h"
#include "base/noise_kernel.h"
#include "base/philox.h"

static const struct noise_kernel *best(void) {
    static const struct noise_kernel *const levels[LEVELS] = EACH_LEVEL(noise_kernel);
    return levels[level_in_use()];
}

void noise_normal(float *out, size_t n, struct noise noise) {
    best()->normal(out, n, noise);
}

void noise_uniform(float *out, size_t n, struct noise noise) {
    best()->uniform(out, n, noise);
}

#define BLOCK 1024 /* uniform numbers at a time */

void noise_bernoulli(float *p, size_t n, struct noise noise) {
    float u[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK, noise.position += BLOCK) {
        const size_t some = n - i < BLOCK ? n - i : BLOCK;
        noise_uniform(u, some, noise);
        for (size_t j = 0; j < some; j++)
            p[i + j] = u[j] < p[i + j] ? 1.0f : 0.0f;
    }
}

uint64_t noise_below(uint64_t bound, struct noise noise) {
    uint32_t w[4];
    philox4x32((uint32_t)(noise.position / 4), (uint32_t)noise.item, (uint32_t)(noise.item >> 32),
               noise.draw << 8 | (uint32_t)noise.purpose, (uint32_t)noise.seed, (uint32_t)(noise.seed >> 32), w);
    const uint64_t word = (uint64_t)w[1] << 32 | w[0];
    /* The high half of word * bound, by halves: bound <= 2^32 keeps every product within 64 bits. */
    return ((word >> 32) * bound + (((word & 0xffffffffu) * bound) >> 32)) >> 32;
}
