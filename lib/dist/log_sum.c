/* SPDX-License-Identifier: MIT */
#include "dist/log_sum.h"

#include <math.h>

struct log_sum log_sum_empty(void) {
    return (struct log_sum){-INFINITY, 0, 0};
}

void log_sum_add(struct log_sum *s, double value) {
    if (value > s->max) {
        const double shrink = exp(s->max - value);
        s->sum = s->sum * shrink + 1;
        s->squares = s->squares * shrink * shrink + 1;
        s->max = value;
    } else {
        const double weight = exp(value - s->max);
        s->sum += weight;
        s->squares += weight * weight;
    }
}

double log_sum_value(const struct log_sum *s) {
    return s->max + log(s->sum);
}

double log_sum_effective(const struct log_sum *s) {
    return s->sum * s->sum / s->squares;
}
