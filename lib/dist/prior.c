/* SPDX-License-Identifier: MIT */
#include "dist/prior.h"

#include "base/noise.h"

#include <math.h>

void prior_draw(float *z, size_t latent, uint64_t seed, uint64_t item) {
    noise_normal(z, latent, (struct noise){.seed = seed, .purpose = PURPOSE_PRIOR, .item = item});
}

/* Halley's steps on Phi(z) - p; on the lower half, where Phi has no cancellation, and mirrored. */
double prior_quantile(double p) {
    if (p > 0.5)
        return -prior_quantile(1 - p);
    double z = p < 0.02 ? -sqrt(-2 * log(p)) : 0;
    for (int i = 0; i < 20; i++) {
        const double density = exp(-0.5 * z * z) * 0.39894228040143267794;
        const double step = (0.5 * erfc(-z * 0.70710678118654752440) - p) / density;
        z -= step / (1 + 0.5 * z * step);
        if (fabs(step) < 1e-15 * (1 + fabs(z)))
            break;
    }
    return z;
}
