/* SPDX-License-Identifier: MIT */
#include "model/pass_plan.h"

struct tile pass_plan_tile(const struct pass *p, size_t layer, const struct tile *tile) {
    const size_t draws = pass_draws(p, layer), group = p->model->layer[layer].group;
    return (struct tile){tile->row * draws, tile->rows * draws, tile->column * group, tile->columns * group};
}

static void forward(void *context, size_t layer, const struct tile *tile) {
    struct pass *p = context;
    const struct tile own = pass_plan_tile(p, layer, tile);
    pass_forward(p, layer, &own);
}

/* The tile's columns are units of the layer below. */
static void backward(void *context, size_t layer, const struct tile *tile) {
    struct pass *p = context;
    const size_t draws = pass_draws(p, layer);
    pass_backward(p, layer, &(struct tile){tile->row * draws, tile->rows * draws, tile->column, tile->columns});
}

void pass_plan_forward(struct plan *plan, struct pass *p, size_t layer) {
    const struct linear *l = &p->model->layer[layer];
    plan_add(plan, (struct operation){.run = forward,
                                      .layer = layer,
                                      .units = l->out / l->group,
                                      .group = l->group,
                                      .weights = l->in * l->out,
                                      .draws = pass_draws(p, layer),
                                      .context = p});
}

void pass_plan_backward(struct plan *plan, struct pass *p, size_t layer) {
    const struct linear *l = &p->model->layer[layer];
    plan_add(plan, (struct operation){.run = backward,
                                      .layer = layer,
                                      .units = l->in,
                                      .weights = l->in * l->out,
                                      .draws = pass_draws(p, layer),
                                      .context = p});
}
