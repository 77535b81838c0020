/* SPDX-License-Identifier: MIT */
#include "dist/latent.h"

#include "kernel/math_kernel.h"

#include <math.h>

float latent_bounded(float logvar, float bound) {
    return logvar > bound ? bound : logvar < -bound ? -bound : logvar;
}

void latent_posterior(float *heads, float *sigma, float bound, size_t latent) {
    float *logvar = heads + latent;
    for (size_t i = 0; i < latent; i++) {
        logvar[i] = latent_bounded(logvar[i], bound);
        sigma[i] = 0.5f * logvar[i];
    }
    math_kernel()->exp(sigma, latent);
}

double latent_kl_of(float mu, float logvar, float sigma) {
    return 0.5 * ((double)sigma * (double)sigma + (double)mu * (double)mu - 1 - (double)logvar);
}

double latent_kl(const float *heads, const float *sigma, size_t latent) {
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += latent_kl_of(heads[i], heads[latent + i], sigma[i]);
    return sum;
}

double latent_kl_above(const float *heads, const float *sigma, double least, size_t latent) {
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += fmax(latent_kl_of(heads[i], heads[latent + i], sigma[i]), least);
    return sum;
}

static float draw(float mu, float sigma, float epsilon) {
    return mu + sigma * epsilon;
}

void latent_draw(const float *heads, const float *sigma, const float *epsilon, float *z, size_t latent) {
    for (size_t i = 0; i < latent; i++)
        z[i] = draw(heads[i], sigma[i], epsilon[i]);
}

void latent_draw_from(const float *heads, float *z, size_t latent) {
    for (size_t i = 0; i < latent; i++)
        z[i] = draw(heads[i], expf(0.5f * latent_bounded(heads[latent + i], LOGVAR_LIMIT)), z[i]);
}

void latent_draw_backward(const float *sigma, const float *epsilon, const float *dz, float *dheads, size_t latent) {
    for (size_t i = 0; i < latent; i++) {
        dheads[i] += dz[i];
        dheads[latent + i] += 0.5f * dz[i] * epsilon[i] * sigma[i];
    }
}

void latent_kl_backward(const float *heads, const float *sigma, float beta, float free_bits, float *dheads,
                        size_t latent) {
    for (size_t i = 0; i < latent; i++) {
        const float mu = heads[i], logvar = heads[latent + i], more = sigma[i] * sigma[i] - 1.0f;
        const float weight = 0.5f * (more + mu * mu - logvar) < free_bits ? 0.0f : beta;
        dheads[i] += weight * mu;
        dheads[latent + i] += weight * 0.5f * more;
    }
}

void latent_entropy_backward(float beta, float *dheads, size_t latent) {
    for (size_t i = 0; i < latent; i++)
        dheads[latent + i] -= 0.5f * beta;
}

void latent_path(const float *sigma, const float *epsilon, const float *prior_slope, float scale, float *dz,
                 size_t latent) {
    for (size_t i = 0; i < latent; i++)
        dz[i] += scale * (prior_slope[i] - epsilon[i] / sigma[i]);
}

void latent_score(const float *sigma, const float *epsilon, float scale, float *dheads, size_t latent) {
    for (size_t i = 0; i < latent; i++) {
        dheads[i] += scale * epsilon[i] / sigma[i];
        dheads[latent + i] += scale * 0.5f * (epsilon[i] * epsilon[i] - 1.0f);
    }
}

double latent_log_ratio(const float *heads, const float *epsilon, const float *z, size_t latent) {
    const float *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += (double)epsilon[i] * (double)epsilon[i] + (double)logvar[i] - (double)z[i] * (double)z[i];
    return 0.5 * sum;
}

double latent_minus_log_posterior(const float *heads, const float *epsilon, size_t latent) {
    const float *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += (double)epsilon[i] * (double)epsilon[i] + (double)logvar[i];
    return 0.5 * sum;
}

double latent_entropy(const float *heads, size_t latent) {
    const float *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += 1 + (double)logvar[i];
    return 0.5 * sum;
}

double latent_log_maximum(const float *heads, size_t latent) {
    const float *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += (double)latent_bounded(logvar[i], LOGVAR_LIMIT);
    return -0.5 * sum;
}
