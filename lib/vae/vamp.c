#include "vae/vamp.h"

#include <string.h>

static struct tile layer_tile(const struct vamp *v, size_t layer, const struct tile *tile) {
    return plan_layer_tile(&v->model->layer[layer], 1, tile);
}

static void forward(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct tile own = layer_tile(v, layer, tile);
    pass_forward(&v->pass, layer, &own);
}

/* A copy, which stays while the pseudo-inputs are updated. */
static void see(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const size_t inputs = v->model->inputs, first = tile->row * inputs;
    (void)layer;
    memcpy(v->pass.seen + first, v->model->parameters.value + v->model->pseudo_inputs + first,
           tile->rows * inputs * sizeof *v->pass.seen);
}

static void posterior(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    (void)layer;
    pass_posterior(&v->pass, tile->row, tile->rows);
    mixture_take(&v->model->mixture, tile->row, tile->rows);
}

/* What all draws of the batch say of each component: those of pass_posterior_backward, but for a draw's weight,
 * which here counts once, since the components are parameters of p(z). */
static void components(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct pass *b = v->batch;
    const struct model *m = v->model;
    const size_t count = m->config.components, width = 2 * m->config.latent;
    for (size_t k = tile->row; k < tile->row + tile->rows; k++) {
        float *dheads = v->pass.delta[layer] + k * width;
        memset(dheads, 0, width * sizeof *dheads);
        for (size_t row = 0; row < v->rows * b->draws; row++)
            mixture_gradient(&m->mixture, k, b->z + row * m->code,
                             v->beta * b->weight[row] * b->share[row * count + k], dheads);
    }
}

static void backward(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct tile own = layer_tile(v, layer, tile);
    pass_backward(&v->pass, layer, &own);
}

static void backward_sum(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    pass_backward_sum(&v->pass, layer, tile->row, tile->rows);
}

/* The gradient of the mean over the batch, as the weights' is. */
static void inputs(void *context, size_t layer, const struct tile *tile) {
    struct vamp *v = context;
    const struct parameters *p = &v->model->parameters;
    const struct linear *first = &v->model->layer[layer];
    float *gradient = p->gradient + v->model->pseudo_inputs;
    const struct tile own = layer_tile(v, layer, tile);
    linear_backward(first, p->value, v->pass.delta[layer], gradient, &own);
    math_kernel()->scale(gradient + tile->row * first->in, 1.0f / (float)v->rows, tile->rows * first->in);
}

static void make_plans(struct vamp *v) {
    const struct model *m = v->model;
    plan_add(&v->forward, (struct operation){see, 0, 1, 0, 1, false});
    for (size_t i = 0; i <= m->heads; i++) {
        const struct linear *l = &m->layer[i];
        plan_add(&v->forward, (struct operation){forward, i, l->out / l->group, l->in * l->out, 1, false});
    }
    plan_add(&v->forward, (struct operation){posterior, m->heads, 1, 0, 1, false});
    plan_add(&v->backward, (struct operation){components, m->heads, 1, 0, 1, false});
    for (size_t i = m->heads; i > 0; i--) {
        const struct linear *l = &m->layer[i];
        plan_add(&v->backward, (struct operation){backward, i, l->out / l->group, l->in * l->out, 1, false});
        plan_add(&v->backward, (struct operation){backward_sum, i, l->in, 0, 1, false});
    }
    const struct linear *l = &m->layer[0];
    plan_add(&v->backward, (struct operation){inputs, 0, l->out / l->group, 0, 1, false});
}

int vamp_start(struct vamp *v, struct model *model, struct workers *workers, const struct pass *batch) {
    *v = (struct vamp){.model = model, .workers = workers, .batch = batch};
    make_plans(v);
    return pass_create(&v->pass, model, model->config.components, 0, true);
}

void vamp_end(struct vamp *v) {
    pass_free(&v->pass);
}

void vamp_forward(struct vamp *v) {
    v->model->mixture.heads = v->pass.out[v->model->heads];
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
    memcpy(m->parameters.value + m->prior, v->pass.out[m->heads],
           m->config.components * 2 * m->config.latent * sizeof *m->parameters.value);
}

void vamp_settle(struct vamp *v) {
    struct parameters *p = &v->model->parameters;
    settle_values(v);
    if (p->average == NULL)
        return;
    parameters_swap_average(p);
    settle_values(v);
    parameters_swap_average(p);
}
