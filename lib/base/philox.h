#ifndef BASE_PHILOX_H
#define BASE_PHILOX_H

#include <stdint.h>

/* Philox4x32-10, a counter-based generator: four random words are a function of a 128-bit counter and a
 * 64-bit key, so any value can be had without those before it. Source: Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3 and table 2. */

#define PHILOX_ROUNDS 10
#define PHILOX_STEP0 0x9E3779B9u /* added to the key behind each round */
#define PHILOX_STEP1 0xBB67AE85u

static inline void philox_round(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1) {
    const uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
    const uint32_t low0 = m0 * *c0, high0 = (uint32_t)((uint64_t)m0 * *c0 >> 32);
    const uint32_t low1 = m1 * *c2, high1 = (uint32_t)((uint64_t)m1 * *c2 >> 32);
    *c0 = high1 ^ *c1 ^ k0;
    *c1 = low1;
    *c2 = high0 ^ *c3 ^ k1;
    *c3 = low0;
}

static inline void philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1,
                              uint32_t out[4]) {
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(&c0, &c1, &c2, &c3, k0, k1);
        k0 += PHILOX_STEP0;
        k1 += PHILOX_STEP1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

#endif
