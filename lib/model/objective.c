/* SPDX-License-Identifier: MIT */
#include "model/objective.h"

#include "base/number.h"

#include <math.h>

static const struct estimator estimators[] = {
    {"elbo", .closed_kl = true},
    {"iwae", .importance = true},
    {"stl", .path = true},
    {"dreg", .importance = true, .path = true, .squared = true},
};

const struct estimator *estimator_find(const char *what, const char *name) {
    int i = parse_name(what, name, estimators, sizeof estimators / sizeof *estimators, sizeof *estimators);
    return i < 0 ? NULL : &estimators[i];
}

const char *estimator_name(size_t i) {
    return i < sizeof estimators / sizeof *estimators ? estimators[i].name : NULL;
}

bool objective_is_elbo(const struct objective *o) {
    return !o->estimator->importance && o->beta == 1 && o->free_bits == 0 && o->target_weight == 0;
}

double objective_beta(const struct objective *o, double epochs) {
    return epochs < o->warmup ? o->beta * epochs / o->warmup : o->beta;
}

double importance_weights(const double *log_weight, float *v, size_t draws) {
    double max = log_weight[0], sum = 0;
    for (size_t k = 1; k < draws; k++)
        max = log_weight[k] > max ? log_weight[k] : max;
    for (size_t k = 0; k < draws; k++)
        sum += exp(log_weight[k] - max);
    for (size_t k = 0; k < draws; k++)
        v[k] = (float)(exp(log_weight[k] - max) / sum);
    return max + log(sum / (double)draws);
}
