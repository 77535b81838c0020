/* SPDX-License-Identifier: MIT */
#include "train/vamp.h"

#include "model/pass_plan.h"

#include <string.h>

/* A copy, which stays while the pseudo-inputs are updated. */
static void set_inputs(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const size_t inputs = v->model->encoder_inputs, first = tile->row * inputs;
    (void)layer;
    memcpy(v->pass.encoder_input + first, v->model->parameters.value + v->model->pseudo_inputs + first,
           tile->rows * inputs * sizeof *v->pass.encoder_input);
    pass_pack(&v->pass, 0, &(struct tile){tile->row, tile->rows, 0, inputs});
}

static void posterior(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    (void)layer;
    pass_posterior(&v->pass, tile->row, tile->rows);
    prior_refresh(&v->model->prior, tile->row, tile->rows);
}

/* The gradient of -log p(z) over all draws of the batch with respect to each component. A draw's weight is a factor
 * once, for every estimator, since the components are parameters of p(z). */
static void components(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct pass *b = v->batch;
    const struct model *m = v->model;
    const size_t scratch = prior_scratch(&m->prior), width = 2 * m->config.latent;
    for (size_t k = tile->row; k < tile->row + tile->rows; k++) {
        float *dheads = v->pass.delta[layer] + k * width;
        memset(dheads, 0, width * sizeof *dheads);
        for (size_t row = 0; row < v->rows * b->draws; row++)
            mixture_gradient(&m->prior.mixture, k, b->z + row * m->decoder_inputs,
                             v->beta * b->weight[row] * b->prior_scratch[row * scratch + k], dheads);
    }
}

/* The gradient of the mean over the batch, as the weights' is. */
static void inputs(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct parameters *p = &v->model->parameters;
    const struct linear *first = &v->model->layer[layer];
    float *gradient = p->gradient + v->model->pseudo_inputs;
    linear_backward(first, p->value, v->pass.delta[layer], gradient, tile);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        math_kernel()->scale(gradient + row * first->in + tile->column, 1.0f / (float)v->rows, tile->columns);
}

static void make_plans(struct vamp *v) {
    const struct model *m = v->model;
    const struct linear *first = &m->layer[0];
    plan_add(&v->forward, (struct operation){.run = set_inputs, .units = 1, .draws = 1});
    for (size_t i = 0; i <= m->heads; i++)
        pass_plan_forward(&v->forward, &v->pass, i);
    plan_add(&v->forward, (struct operation){.run = posterior, .layer = m->heads, .units = 1, .draws = 1});
    plan_add(&v->backward, (struct operation){.run = components, .layer = m->heads, .units = 1, .draws = 1});
    for (size_t i = m->heads; i > 0; i--)
        pass_plan_backward(&v->backward, &v->pass, i);
    plan_add(&v->backward,
             (struct operation){.run = inputs, .units = first->in, .weights = first->in * first->out, .draws = 1});
}

int vamp_start(struct vamp *v, struct model *model, struct workers *workers, const struct pass *batch) {
    *v = (struct vamp){.model = model, .workers = workers, .batch = batch};
    if (pass_create(&v->pass, model, model->config.components, 0, true) < 0)
        return -1;
    make_plans(v);
    return 0;
}

void vamp_end(struct vamp *v) {
    pass_free(&v->pass);
}

void vamp_forward(struct vamp *v) {
    v->model->prior.mixture.heads = v->pass.out[v->model->heads];
    plan_run(&v->forward, v->workers, v->model->config.components, v);
}

void vamp_backward(struct vamp *v, size_t rows, double beta) {
    v->rows = rows;
    v->beta = (float)beta;
    plan_run(&v->backward, v->workers, v->model->config.components, v);
}

static void settle_values(struct vamp *v) {
    const struct model *m = v->model;
    vamp_forward(v);
    memcpy(m->parameters.value + m->components, v->pass.out[m->heads],
           m->config.components * 2 * m->config.latent * sizeof *m->parameters.value);
}

void vamp_settle(struct vamp *v) {
    settle_values(v);
    if (v->model->parameters.average == NULL)
        return;
    model_swap_average(v->model);
    settle_values(v);
    model_swap_average(v->model);
}
