/* SPDX-License-Identifier: MIT */
#include "dist/mixture.h"

#include "base/error.h"
#include "base/noise.h"
#include "base/number.h"
#include "dist/latent.h"
#include "dist/log_sum.h"
#include "kernel/math_kernel.h"

#include <math.h>
#include <stdlib.h>

#define NEGLIGIBLE 1e-9f /* components with a responsibility up to this are skipped in gradients */

/* Returns the floats of a panel. */
static size_t panel_size(const struct mixture *m) {
    return 2 * m->latent * DISTANCES;
}

int mixture_create(struct mixture *m, size_t components, size_t latent) {
    *m = (struct mixture){.components = components,
                          .latent = latent,
                          .precision = malloc(components * latent * sizeof *m->precision),
                          .log_scale = malloc(components * sizeof *m->log_scale)};
    m->panel = calloc(divide_up(components, DISTANCES) * panel_size(m), sizeof *m->panel);
    return m->precision == NULL || m->log_scale == NULL || m->panel == NULL
               ? fail("model: out of memory for a prior of %zu components", components)
               : 0;
}

void mixture_free(struct mixture *m) {
    free(m->precision);
    free(m->panel);
    free(m->log_scale);
    *m = (struct mixture){0};
}

static const float *mean(const struct mixture *m, size_t k) {
    return m->heads + k * 2 * m->latent;
}

/* Copies component k to its column of a panel. */
static void set_column(struct mixture *m, size_t k) {
    float *mu = m->panel + k / DISTANCES * panel_size(m) + k % DISTANCES, *precision = mu + m->latent * DISTANCES;
    for (size_t i = 0; i < m->latent; i++) {
        mu[i * DISTANCES] = mean(m, k)[i];
        precision[i * DISTANCES] = m->precision[k * m->latent + i];
    }
}

void mixture_refresh(struct mixture *m, size_t first, size_t count) {
    for (size_t k = first; k < first + count; k++) {
        for (size_t i = 0; i < m->latent; i++)
            m->precision[k * m->latent + i] = -latent_bounded(mean(m, k)[m->latent + i], LOGVAR_LIMIT);
        math_kernel()->exp(m->precision + k * m->latent, m->latent);
        set_column(m, k);
        m->log_scale[k] = -log((double)m->components) + latent_log_maximum(mean(m, k), m->latent);
    }
}

/* Writes log (N(z; mu_k, sigma_k^2) / K) for DISTANCES components from number `first`, as many as there are. They
 * are kept as floats, with a relative error of 1e-7. Returns the largest one, or `max` if it is larger. */
static double log_densities(const struct mixture *m, const float *z, size_t first, double max, float *log_density) {
    const float *panel = m->panel + first / DISTANCES * panel_size(m);
    float distance[DISTANCES];
    math_kernel()->distances(z, panel, panel + m->latent * DISTANCES, m->latent, distance);
    for (size_t k = 0; k < smaller(DISTANCES, m->components - first); k++) {
        const double value = m->log_scale[first + k] - 0.5 * (double)distance[k];
        log_density[k] = (float)value;
        max = value > max ? value : max;
    }
    return max;
}

double mixture_log_density(const struct mixture *m, const float *z, float *responsibility) {
    double max = -INFINITY, sum = 0;
    for (size_t first = 0; first < m->components; first += DISTANCES)
        max = log_densities(m, z, first, max, responsibility + first);
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
