#include "nn/adam.h"

#include <math.h>

struct adam_step adam_step(double rate, uint64_t t) {
    const double beta1 = 0.9, beta2 = 0.999;
    return (struct adam_step){
        .rate = (float)(rate / (1 - pow(beta1, (double)t))),
        .beta1 = (float)beta1,
        .beta2 = (float)beta2,
        .rest1 = (float)(1 - beta1),
        .rest2 = (float)(1 - beta2),
        .second_scale = (float)(1 / sqrt(1 - pow(beta2, (double)t))),
        .epsilon = 1e-8f,
    };
}

void adam_update(const struct adam_step *step, struct parameters *p, size_t offset, size_t size) {
    math_kernel()->adam(p->value + offset, p->gradient + offset, p->first + offset, p->second + offset, size, step);
}
