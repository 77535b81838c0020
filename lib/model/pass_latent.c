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
        if (m->config.prior->kl != NULL)
            p->kl[row] = m->config.prior->kl(&m->prior, heads, sigma);
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

static const float *heads_of(const struct pass *p, size_t item) {
    return p->out[p->model->heads] + item * 2 * p->model->config.latent;
}

static const float *z_of(const struct pass *p, size_t row) {
    return p->z + row * p->model->decoder_inputs;
}

static float *scratch_of(const struct pass *p, size_t row) {
    return p->prior_scratch + row * prior_scratch(&p->model->prior);
}

void pass_prior(struct pass *p, size_t first, size_t rows) {
    const struct prior_state *prior = &p->model->prior;
    for (size_t item = first; prior_needs_density(prior->prior) && item < first + rows; item++) {
        double sum = 0;
        for (size_t row = item * p->draws; row < (item + 1) * p->draws; row++) {
            p->log_prior[row] = prior->prior->log_density(prior, z_of(p, row), scratch_of(p, row));
            sum += p->log_prior[row];
        }
        if (prior->prior->kl == NULL)
            p->kl[item] = prior_kl_of_draws(prior, heads_of(p, item), sum / (double)p->draws);
    }
}

double pass_log_weight(const struct pass *p, size_t row) {
    const struct prior_state *prior = &p->model->prior;
    const double log_prior = prior_needs_density(prior->prior) ? p->log_prior[row] : 0;
    const double log_ratio = prior_log_ratio(prior, heads_of(p, row / p->draws), p->epsilon + row * prior->latent,
                                             z_of(p, row), log_prior);
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
    const struct prior_state *prior = &p->model->prior;
    const size_t latent = prior->latent;
    const float *sigma = p->sigma + row / p->draws * latent, *epsilon = p->epsilon + row * latent;
    const float weight = p->weight[row];
    float *dz = p->dz + row * p->model->decoder_inputs;
    if (o->estimator->squared)
        math_kernel()->scale(dz, weight, latent);
    const float kl_weight = (o->estimator->squared ? weight * weight : weight) * (float)beta;
    if (o->estimator->closed_kl)
        prior_kl_draw_backward(prior, z_of(p, row), scratch_of(p, row), kl_weight, dz);
    else
        latent_path(sigma, epsilon, prior->prior->slope(prior, z_of(p, row), scratch_of(p, row)), kl_weight, dz,
                    latent);
    if (!o->estimator->closed_kl && !o->estimator->path)
        latent_score(sigma, epsilon, kl_weight, dheads, latent);
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
        if (o->estimator->closed_kl)
            prior_kl_backward(&m->prior, heads_of(p, item), p->sigma + item * latent, (float)beta,
                              (float)o->free_bits, dheads);
    }
}
