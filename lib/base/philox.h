/* SPDX-License-Identifier: MIT */
#ifndef BASE_PHILOX_H
#define BASE_PHILOX_H

#include <stdint.h>

/* Philox4x32-10, a counter-based generator: four random words are a function of a 128-bit counter and a
 * 64-bit key, so any value can be computed without those before it. Source: Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3 and table 2. */
#define PHILOX_ROUNDS 10
#define PHILOX_FACTOR0 0xD2511F53u
#define PHILOX_FACTOR1 0xCD9E8D57u
#define PHILOX_STEP0 0x9E3779B9u /* added to the key after each round */
#define PHILOX_STEP1 0xBB67AE85u

static inline void philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1,
                              uint32_t out[4]) {
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)PHILOX_FACTOR0 * c0;
        uint64_t p1 = (uint64_t)PHILOX_FACTOR1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_STEP0;
        k1 += PHILOX_STEP1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

#endif
