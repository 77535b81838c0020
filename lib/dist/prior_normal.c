/* SPDX-License-Identifier: MIT */
/* p(z) = N(0, I). */
#include "base/noise.h"
#include "dist/latent.h"
#include "dist/prior.h"

#include <math.h>

static double kl(const struct prior_state *s, const float *heads, const float *sigma) {
    return latent_kl(heads, sigma, s->latent);
}

static void kl_backward(const struct prior_state *s, const float *heads, const float *sigma, float beta,
                        float free_bits, float *dheads) {
    latent_kl_backward(heads, sigma, beta, free_bits, dheads, s->latent);
}

static double log_density(const struct prior_state *s, const float *z, float *scratch) {
    double sum = 0;
    (void)scratch;
    for (size_t i = 0; i < s->latent; i++)
        sum += (double)z[i] * (double)z[i];
    return -0.5 * sum;
}

static const float *slope(const struct prior_state *s, const float *z, float *scratch) {
    (void)s;
    (void)scratch;
    return z;
}

static double log_ratio(const struct prior_state *s, const float *heads, const float *epsilon, const float *z) {
    return latent_log_ratio(heads, epsilon, z, s->latent);
}

static void draw(const struct prior_state *s, float *z, uint64_t seed, uint64_t item) {
    noise_normal(z, s->latent, (struct noise){.seed = seed, .purpose = PURPOSE_PRIOR, .item = item});
}

/* Halley's method on Phi(z) - p; the error is below 1e-12. Works on p <= 1/2, where Phi has no cancellation, and
 * mirrors the rest. */
static double quantile(double p) {
    if (p > 0.5)
        return -quantile(1 - p);
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

const struct prior prior_normal = {
    .name = "normal",
    .kl = kl,
    .kl_backward = kl_backward,
    .log_density = log_density,
    .slope = slope,
    .log_ratio = log_ratio,
    .draw = draw,
    .quantile = quantile,
};
