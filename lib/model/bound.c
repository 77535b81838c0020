/* SPDX-License-Identifier: MIT */
#include "model/bound.h"

#include "dist/latent.h"

double bound_log_weight(const struct pass *pass, const struct model *m, size_t row) {
    return draw_log_ratio(pass, m->z, row) - likelihood_of_draw(pass, m->likelihood, row);
}

double bound_kl(const struct pass *pass, const struct model *m, const struct objective *o, size_t item) {
    if (o->free_bits == 0)
        return draw_kl(pass, m->z, item);
    return latent_kl_above(posterior_heads(pass, m->posterior, item), posterior_sigma(pass, m->posterior, item),
                           o->free_bits, m->config.latent);
}

double bound_target(const struct pass *pass, const struct model *m, const struct objective *o, size_t row) {
    return o->target_weight == 0 ? 0 : -o->target_weight * target_of_draw(pass, m->target, row);
}

static double weigh(const struct pass *pass, const struct model *m, const struct objective *o, size_t item) {
    double log_weights[OBJECTIVE_MAX_DRAWS], target = 0;
    float *weight = pass->weight + item * pass->draws;
    for (size_t k = 0; k < pass->draws; k++)
        weight[k] = 1.0f / (float)pass->draws;
    for (size_t k = 0; k < pass->draws; k++)
        target += bound_target(pass, m, o, item * pass->draws + k) / (double)pass->draws;
    if (!o->estimator->importance)
        return target - likelihood_of_item(pass, m->likelihood, item) - o->beta * bound_kl(pass, m, o, item);
    for (size_t k = 0; k < pass->draws; k++)
        log_weights[k] =
            bound_log_weight(pass, m, item * pass->draws + k) + bound_target(pass, m, o, item * pass->draws + k);
    return importance_weights(log_weights, weight, pass->draws);
}

void bound_weigh(struct pass *pass, const struct model *model, const struct objective *objective, size_t first,
                 size_t items, double *bound) {
    for (size_t item = first; item < first + items; item++)
        bound[item] = weigh(pass, model, objective, item);
}
