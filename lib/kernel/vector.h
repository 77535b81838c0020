/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_VECTOR_H
#define KERNEL_VECTOR_H

#include "base/level.h"

/* Vectors of the level that a kernel file is compiled for (see the Makefile): the compiler's own vector type, and
 * functions for the instructions that have no operator. */

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
#elif defined(__AVX2__)
#include <immintrin.h>
#define LANES 8
#else
#ifdef __aarch64__
#include <arm_neon.h>
#endif
#define LANES 4
#endif

typedef float vector __attribute__((vector_size(4 * LANES)));

/* The same in memory, aligned as a float at least. */
typedef float vector_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline vector load(const float *x) {
    return *(const vector_in_memory *)x;
}

static inline void store(float *x, vector v) {
    *(vector_in_memory *)x = v;
}

/* x in each lane. */
static inline vector all(float x) {
    return x - (vector){0};
}

/* a b + c, rounded once if the level has such an instruction. */
static inline vector multiply_add(vector a, vector b, vector c) {
#if defined(__AVX512F__)
    return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (vector)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(LEVEL_FUSES)
    for (int i = 0; i < LANES; i++)
        c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}

/* Numbers of a and of b in alternation: those of the first halves (interleave_low) or of the second halves
 * (interleave_high). */
#if LANES == 16
#define FIRST_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define SECOND_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES == 8
#define FIRST_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define SECOND_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#else
#define FIRST_HALVES 0, 4, 1, 5
#define SECOND_HALVES 2, 6, 3, 7
#endif

static inline vector interleave_low(vector a, vector b) {
    return __builtin_shufflevector(a, b, FIRST_HALVES);
}

static inline vector interleave_high(vector a, vector b) {
    return __builtin_shufflevector(a, b, SECOND_HALVES);
}

#endif
