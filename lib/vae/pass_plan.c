#include "vae/pass_plan.h"

struct tile pass_plan_tile(const struct pass *p, size_t layer, const struct tile *tile) {
    const size_t draws = pass_draws(p, layer), group = p->model->layer[layer].group;
    return (struct tile){tile->row * draws, tile->rows * draws, tile->column * group, tile->columns * group};
}

static void forward(void *context, size_t layer, const struct tile *tile) {
    struct pass *p = context;
    const struct tile own = pass_plan_tile(p, layer, tile);
    pass_forward(p, layer, &own);
}

static void backward(void *context, size_t layer, const struct tile *tile) {
    struct pass *p = context;
    const struct tile own = pass_plan_tile(p, layer, tile);
    pass_backward(p, layer, &own);
}

static void backward_sum(void *context, size_t layer, const struct tile *tile) {
    struct pass *p = context;
    const struct tile own = pass_plan_tile(p, layer, tile);
    pass_backward_sum(p, layer, own.row, own.rows);
}

void pass_plan_forward(struct plan *plan, struct pass *p, size_t layer) {
    const struct linear *l = &p->model->layer[layer];
    plan_add(plan, (struct operation){forward, layer, l->out / l->group, l->in * l->out, pass_draws(p, layer),
                                      .context = p});
}

void pass_plan_backward(struct plan *plan, struct pass *p, size_t layer, bool chained) {
    const struct linear *l = &p->model->layer[layer];
    plan_add(plan, (struct operation){backward, layer, l->out / l->group, l->in * l->out, pass_draws(p, layer),
                                      chained, .context = p});
}

void pass_plan_backward_sum(struct plan *plan, struct pass *p, size_t layer) {
    plan_add(plan, (struct operation){backward_sum, layer, p->model->layer[layer].in, 0, pass_draws(p, layer),
                                      .context = p});
}
