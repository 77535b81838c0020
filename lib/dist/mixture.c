/* SPDX-License-Identifier: MIT */
#include "dist/mixture.h"

#include "base/error.h"
#include "base/noise.h"
#include "dist/latent.h"
#include "dist/log_sum.h"
#include "kernel/math_kernel.h"

#include <math.h>
#include <stdlib.h>

#define NEGLIGIBLE 1e-9f /* components with a responsibility up to this are skipped in gradients */

int mixture_create(struct mixture *m, size_t components, size_t latent) {
    *m = (struct mixture){.components = components,
                          .latent = latent,
                          .precision = malloc(components * latent * sizeof *m->precision),
                          .log_scale = malloc(components * sizeof *m->log_scale)};
    return m->precision == NULL || m->log_scale == NULL
               ? fail("model: out of memory for a prior of %zu components", components)
               : 0;
}

void mixture_free(struct mixture *m) {
    free(m->precision);
    free(m->log_scale);
    *m = (struct mixture){0};
}

static const float *mean(const struct mixture *m, size_t k) {
    return m->heads + k * 2 * m->latent;
}

void mixture_refresh(struct mixture *m, size_t first, size_t count) {
    for (size_t k = first; k < first + count; k++) {
        for (size_t i = 0; i < m->latent; i++)
            m->precision[k * m->latent + i] = -latent_bounded(mean(m, k)[m->latent + i], LOGVAR_LIMIT);
        math_kernel()->exp(m->precision + k * m->latent, m->latent);
        m->log_scale[k] = -log((double)m->components) + latent_log_maximum(mean(m, k), m->latent);
    }
}

double mixture_log_density(const struct mixture *m, const float *z, float *responsibility) {
    double max = -INFINITY, sum = 0;
    /* Log densities are kept as floats, with a relative error of 1e-7. */
    for (size_t k = 0; k < m->components; k++) {
        const double distance = math_kernel()->distance(z, mean(m, k), m->precision + k * m->latent, m->latent);
        const double log_density = m->log_scale[k] - 0.5 * distance;
        responsibility[k] = (float)log_density;
        max = log_density > max ? log_density : max;
    }
    for (size_t k = 0; k < m->components; k++)
        responsibility[k] = (float)((double)responsibility[k] - max);
    math_kernel()->exp(responsibility, m->components);
    for (size_t k = 0; k < m->components; k++)
        sum += (double)responsibility[k];
    math_kernel()->scale(responsibility, (float)(1 / sum), m->components);
    return max + log(sum); // cppcheck-suppress invalidFunctionArg ; there are components
}

double mixture_log_density_wide(const struct mixture *m, const float *z) {
    struct log_sum sum = log_sum_empty();
    for (size_t k = 0; k < m->components; k++) {
        double distance = 0;
        for (size_t i = 0; i < m->latent; i++) {
            const double away = (double)z[i] - (double)mean(m, k)[i];
            distance += away * away * (double)m->precision[k * m->latent + i];
        }
        log_sum_add(&sum, m->log_scale[k] - 0.5 * distance);
    }
    return log_sum_value(&sum);
}

void mixture_slope(const struct mixture *m, const float *z, const float *responsibility, float *prior_slope) {
    for (size_t i = 0; i < m->latent; i++)
        prior_slope[i] = 0;
    for (size_t k = 0; k < m->components; k++) {
        const float *mu = mean(m, k), *precision = m->precision + k * m->latent;
        for (size_t i = 0; responsibility[k] > NEGLIGIBLE && i < m->latent; i++)
            prior_slope[i] += responsibility[k] * (z[i] - mu[i]) * precision[i];
    }
}

void mixture_gradient(const struct mixture *m, size_t k, const float *z, float weight, float *dheads) {
    const float *mu = mean(m, k), *precision = m->precision + k * m->latent;
    for (size_t i = 0; weight > NEGLIGIBLE && i < m->latent; i++) {
        const float distance = (mu[i] - z[i]) * precision[i];
        dheads[i] += weight * distance;
        dheads[m->latent + i] += weight * 0.5f * (1.0f - distance * (mu[i] - z[i]));
    }
}

void mixture_draw(const struct mixture *m, float *z, uint64_t seed, uint64_t item) {
    const size_t k = (size_t)noise_below(m->components,
                                         (struct noise){.seed = seed, .purpose = PURPOSE_COMPONENT, .item = item});
    noise_normal(z, m->latent, (struct noise){.seed = seed, .purpose = PURPOSE_PRIOR, .item = item});
    latent_draw_from(mean(m, k), z, m->latent);
}
