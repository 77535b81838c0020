/* SPDX-License-Identifier: MIT */
#include "nn/optimizer.h"

#include "base/number.h"

#include <math.h>

static const struct optimizer optimizers[] = {
    {"adam", false, 0.9, 0.999}, {"adagrad", false, 0, 1}, {"muon", true, 0.9, 0.999}};

const struct optimizer *optimizer_find(const char *what, const char *name) {
    int i = parse_name(what, name, optimizers, sizeof optimizers / sizeof *optimizers, sizeof *optimizers);
    return i < 0 ? NULL : &optimizers[i];
}

const char *optimizer_name(size_t i) {
    return i < sizeof optimizers / sizeof *optimizers ? optimizers[i].name : NULL;
}

struct adam_step adam_step(const struct optimizer_config *config, double rate, double scale, uint64_t t) {
    const double beta1 = config->optimizer->beta1, beta2 = config->optimizer->beta2;
    const bool sums = beta2 == 1;
    return (struct adam_step){
        .rate = (float)(rate / (1 - pow(beta1, (double)t))),
        .scale = (float)scale,
        .beta1 = (float)beta1,
        .beta2 = (float)beta2,
        .rest1 = (float)(1 - beta1),
        .rest2 = (float)(sums ? 1 : 1 - beta2),
        .second_scale = (float)(sums ? 1 : 1 / sqrt(1 - pow(beta2, (double)t))),
        .epsilon = (float)config->epsilon,
    };
}

bool adam_update(const struct adam_step *step, float decay, struct parameters *p, float *gradient, size_t offset,
                 size_t size) {
    return math_kernel()->adam(p->value + offset, gradient, p->first + offset, p->second + offset, size, decay,
                               step);
}
