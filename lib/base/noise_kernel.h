/* SPDX-License-Identifier: MIT */
#ifndef BASE_NOISE_KERNEL_H
#define BASE_NOISE_KERNEL_H

#include "base/noise.h"

/* The vectorised functions of base/noise.h, one table per level (base/level.h). */
struct noise_kernel {
    void (*normal)(float *out, size_t n, struct noise noise);
    void (*uniform)(float *out, size_t n, struct noise noise);
};

extern const struct noise_kernel noise_kernel_baseline, noise_kernel_avx2, noise_kernel_avx512;

#endif
