/* SPDX-License-Identifier: MIT */
#include "train/vamp.h"

#include "kernel/math_kernel.h"

#include <string.h>

/* Copies the pseudo-inputs to the pass, where they stay while the parameters are updated. */
static void set_inputs(struct pass *pass, const struct layer *layer, const struct tile *tile,
                       const struct step *step) {
    const struct vamp *v = pass->context;
    const size_t first = tile->row * layer->width;
    float *out = pass_value(pass, layer)->out + first;
    (void)step;
    memcpy(out, pass->net->parameters.value + v->model->pseudo_inputs + first,
           tile->rows * layer->width * sizeof *out);
    pass_pack(pass, layer, tile->row, tile->rows);
}

static void refresh_prior(struct pass *pass, const struct layer *layer, const struct tile *tile,
                          const struct step *step) {
    const struct vamp *v = pass->context;
    (void)layer, (void)step;
    prior_refresh(draw_prior(pass->net, v->model->z), tile->row, tile->rows);
}

/* Computes the gradient of -log p(z), over all draws of the batch, with respect to each component. The weight of a
 * draw enters once for every estimator, since the components are parameters of p(z). */
static void components(struct pass *pass, const struct layer *layer, const struct tile *tile,
                       const struct step *step) {
    const struct vamp *v = pass->context;
    const struct pass *batch = v->batch;
    const size_t z = v->model->z;
    const struct mixture *mixture = &draw_prior(pass->net, z)->mixture;
    for (size_t k = tile->row; k < tile->row + tile->rows; k++) {
        float *dheads = pass_value(pass, layer)->dout + k * layer->width;
        memset(dheads, 0, layer->width * sizeof *dheads);
        for (size_t row = 0; row < step->items * batch->draws; row++)
            mixture_gradient(mixture, k, draw_of(batch, z, row),
                             (float)step->beta * batch->weight[row] * draw_scratch(batch, z, row)[k], dheads);
    }
}

/* Divides the gradient by the number of items, as for other parameters. */
static void average(struct pass *pass, const struct layer *layer, const struct tile *tile,
                    const struct step *step) {
    const size_t width = net_input(pass->net, layer, 0)->width;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        math_kernel()->scale(pass_input(pass, layer, 0)->dout + row * width + tile->unit, 1.0f / (float)step->batch,
                             tile->units);
}

/* Makes the plans. The backward operation of the encoder's first layer writes the gradient with respect to the
 * pseudo-inputs to the table of parameters. 0 or -1. */
static int make_plans(struct vamp *v) {
    struct pass *pass = &v->pass;
    const struct layer *input = &pass->net->layer[v->model->input],
                       *posterior = &pass->net->layer[v->model->posterior];
    struct operation last = plan_layer(pass, input + 1, DIRECTION_BACKWARD);
    last.run = average;
    last.chained = true;
    return plan_add(&v->forward, (struct operation){.run = set_inputs, .pass = pass, .layer = input}) < 0 ||
                   plan_layers(&v->forward, pass, pass->from + 1, pass->to, DIRECTION_FORWARD) < 0 ||
                   plan_add(&v->forward,
                            (struct operation){.run = refresh_prior, .pass = pass, .layer = posterior}) < 0 ||
                   plan_add(&v->backward, (struct operation){.run = components, .pass = pass, .layer = posterior}) <
                       0 ||
                   plan_layers(&v->backward, pass, pass->from + 1, pass->to, DIRECTION_BACKWARD) < 0
               ? -1
               : plan_add(&v->backward, last);
}

int vamp_start(struct vamp *v, struct model *model, struct workers *workers, const struct pass *batch) {
    const size_t count = prior_pseudo_inputs(model->config.prior, model->config.components);
    *v = (struct vamp){.model = model, .workers = workers, .batch = batch};
    if (count == 0)
        return 0;
    if (pass_create(&v->pass, &model->net, model->input, model->posterior + 1,
                    &(struct pass_size){
                        .items = count, .draws = 1, .threads = workers_threads(workers), .trains = true}) < 0)
        return -1;
    v->pass.context = v;
    v->pass.value[model->input].dout = model->net.parameters.gradient + model->pseudo_inputs;
    return make_plans(v);
}

void vamp_end(struct vamp *v) {
    plan_free(&v->forward);
    plan_free(&v->backward);
    pass_free(&v->pass);
}

void vamp_forward(struct vamp *v) {
    if (v->pass.net == NULL)
        return;
    draw_prior(&v->model->net, v->model->z)->mixture.heads = posterior_heads(&v->pass, v->model->posterior, 0);
    plan_run(&v->forward, v->workers, v->pass.items, NULL, NULL);
}

void vamp_backward(struct vamp *v, const struct step *step) {
    if (v->pass.net != NULL)
        plan_run(&v->backward, v->workers, v->pass.items, step, NULL);
}

static void settle_values(struct vamp *v) {
    const struct model *m = v->model;
    vamp_forward(v);
    memcpy(m->net.parameters.value + m->components, posterior_heads(&v->pass, m->posterior, 0),
           v->pass.items * 2 * m->config.latent * sizeof *m->net.parameters.value);
}

void vamp_settle(struct vamp *v) {
    if (v->pass.net == NULL)
        return;
    settle_values(v);
    if (v->model->net.parameters.average == NULL)
        return;
    model_swap_average(v->model);
    settle_values(v);
    model_swap_average(v->model);
}
