#include "vae/latent.h"

#include "nn/math_kernel.h"

void latent_posterior(float *heads, float *sigma, size_t latent) {
    float *logvar = heads + latent;
    for (size_t i = 0; i < latent; i++) {
        logvar[i] = logvar[i] > LOGVAR_BOUND ? LOGVAR_BOUND : logvar[i] < -LOGVAR_BOUND ? -LOGVAR_BOUND : logvar[i];
        sigma[i] = 0.5f * logvar[i];
    }
    math_kernel()->exp(sigma, latent);
}

double latent_kl(const float *heads, const float *sigma, size_t latent) {
    const float *mu = heads, *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += (double)sigma[i] * (double)sigma[i] + (double)mu[i] * (double)mu[i] - 1 - (double)logvar[i];
    return 0.5 * sum;
}

void latent_draw(const float *heads, const float *sigma, const float *epsilon, float *z, size_t latent) {
    for (size_t i = 0; i < latent; i++)
        z[i] = heads[i] + sigma[i] * epsilon[i];
}

void latent_backward(const float *heads, const float *sigma, const float *epsilon, const float *dz, float *dheads,
                     size_t latent) {
    for (size_t i = 0; i < latent; i++) {
        dheads[i] = dz[i] + heads[i];
        dheads[latent + i] = 0.5f * (dz[i] * epsilon[i] * sigma[i] + sigma[i] * sigma[i] - 1.0f);
    }
}

double latent_log_ratio(const float *heads, const float *epsilon, const float *z, size_t latent) {
    const float *logvar = heads + latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++)
        sum += (double)epsilon[i] * (double)epsilon[i] + (double)logvar[i] - (double)z[i] * (double)z[i];
    return 0.5 * sum;
}
