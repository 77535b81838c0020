/* SPDX-License-Identifier: MIT */
/* What a pass does between encoder and decoder: the posterior, its draws, their weights, and the way back. */
#include "model/pass.h"

#include "dist/latent.h"

#include <string.h>

void pass_posterior(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent;
    for (size_t row = first; row < first + rows; row++) {
        float *heads = p->out[m->heads] + row * 2 * latent, *sigma = p->sigma + row * latent;
        latent_posterior(heads, sigma, latent);
        p->kl[row] = latent_kl(heads, sigma, latent);
    }
}

void pass_draw(struct pass *p, size_t first, size_t rows) {
    const size_t latent = p->model->config.latent;
    for (size_t row = first * p->draws; row < (first + rows) * p->draws; row++) {
        const size_t item = row / p->draws;
        latent_draw(p->out[p->model->heads] + item * 2 * latent, p->sigma + item * latent,
                    p->epsilon + row * latent, p->z + row * p->model->decoder_inputs, latent);
    }
    pass_condition(p, first, rows);
    pass_pack(p, p->model->heads + 1,
              &(struct tile){first * p->draws, rows * p->draws, 0, p->model->decoder_inputs});
}

void pass_prior(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent, components = m->config.components;
    for (size_t item = first; components > 0 && item < first + rows; item++) {
        double sum = 0;
        for (size_t row = item * p->draws; row < (item + 1) * p->draws; row++) {
            const float *z = p->z + row * m->decoder_inputs;
            p->log_prior[row] = mixture_log_density(&m->mixture, z, p->responsibility + row * components);
            mixture_slope(&m->mixture, z, p->responsibility + row * components, p->prior_slope + row * latent);
            sum += p->log_prior[row];
        }
        p->kl[item] = -latent_entropy(p->out[m->heads] + item * 2 * latent, latent) - sum / (double)p->draws;
    }
}

double pass_log_weight(const struct pass *p, size_t row) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent;
    const float *heads = p->out[m->heads] + row / p->draws * 2 * latent, *epsilon = p->epsilon + row * latent;
    const double log_ratio = m->config.components > 0
                                 ? p->log_prior[row] + latent_minus_log_posterior(heads, epsilon, latent)
                                 : latent_log_ratio(heads, epsilon, p->z + row * m->decoder_inputs, latent);
    return log_ratio - pass_negative_log(p, row);
}

/* The weights of an item's draws; its bound. */
static double weigh(const struct pass *p, size_t item, const struct objective *o) {
    double log_weights[OBJECTIVE_MAX_DRAWS];
    float *weight = p->weight + item * p->draws;
    for (size_t k = 0; k < p->draws; k++)
        weight[k] = 1.0f / (float)p->draws;
    if (!o->estimator->importance)
        return -pass_mean_negative_log(p, item) - p->kl[item];
    for (size_t k = 0; k < p->draws; k++)
        log_weights[k] = pass_log_weight(p, item * p->draws + k);
    return importance_weights(log_weights, weight, p->draws);
}

static void weigh_draw(struct pass *p, size_t row) {
    const size_t out = p->model->layer[p->model->last].out, elements = p->model->elements;
    math_kernel()->scale(p->delta[p->model->last] + row * out, p->weight[row], out);
    if (p->dscale != NULL)
        math_kernel()->scale(p->dscale + row * elements, p->weight[row], elements);
}

void pass_weigh(struct pass *p, size_t first, size_t rows, const struct objective *o) {
    for (size_t item = first; item < first + rows; item++) {
        p->bound[item] = weigh(p, item, o);
        for (size_t row = item * p->draws; p->draws > 1 && row < (item + 1) * p->draws; row++)
            weigh_draw(p, row);
    }
}

/* Adds one draw's part of an item's gradient: from dz, and from the terms of log q - log p without a closed form.
 */
static void draw_backward(struct pass *p, size_t row, const struct objective *o, double beta, float *dheads) {
    const size_t latent = p->model->config.latent;
    const float *sigma = p->sigma + row / p->draws * latent, *epsilon = p->epsilon + row * latent;
    const float weight = p->weight[row];
    float *dz = p->dz + row * p->model->decoder_inputs;
    if (o->estimator->squared)
        math_kernel()->scale(dz, weight, latent);
    const bool mixture = p->model->config.components > 0;
    const float *prior_slope = mixture ? p->prior_slope + row * latent : p->z + row * p->model->decoder_inputs;
    const float kl_weight = (o->estimator->squared ? weight * weight : weight) * (float)beta;
    if (!o->estimator->closed_kl) {
        latent_path(sigma, epsilon, prior_slope, kl_weight, dz, latent);
        if (!o->estimator->path)
            latent_score(sigma, epsilon, kl_weight, dheads, latent);
    } else if (mixture) {
        for (size_t i = 0; i < latent; i++)
            dz[i] += kl_weight * prior_slope[i];
    }
    latent_draw_backward(sigma, epsilon, dz, dheads, latent);
}

void pass_posterior_backward(struct pass *p, size_t first, size_t rows, const struct objective *o, double beta) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent;
    for (size_t item = first; item < first + rows; item++) {
        float *dheads = p->delta[m->heads] + item * 2 * latent;
        memset(dheads, 0, 2 * latent * sizeof *dheads);
        for (size_t row = item * p->draws; row < (item + 1) * p->draws; row++)
            draw_backward(p, row, o, beta, dheads);
        if (o->estimator->closed_kl && m->config.components > 0)
            latent_entropy_backward((float)beta, dheads, latent);
        else if (o->estimator->closed_kl)
            latent_kl_backward(p->out[m->heads] + item * 2 * latent, p->sigma + item * latent, (float)beta,
                               (float)o->free_bits, dheads, latent);
    }
}
