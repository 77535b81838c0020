/* SPDX-License-Identifier: MIT */
#include "query/impute.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* Returns whether a draw replaces the kept one, with probability `part`, its part of all weights so far. Then each
 * draw so far is the kept one with probability proportional to its weight. If `part` is NaN, the draw replaces. */
static bool replaces(double part, struct noise noise) {
    float u[2]; /* 24 bits each; one would be too coarse for millions of draws */
    noise.purpose = PURPOSE_RESAMPLE;
    noise_uniform(u, 2, noise);
    return !((double)u[0] + (double)u[1] * 0x1p-24 >= part);
}

static void impute(const struct evaluator *e, size_t row, size_t i, uint32_t k, double log_weight) {
    struct imputer *m = e->context;
    const struct pass *p = &e->batch.pass;
    const struct model *model = e->batch.model;
    const size_t n = model->elements;
    float *x = m->x + i * n, *mean = m->mean + i * n;
    if (math_kernel()->finite(model_x(model, p, row), n))
        return;
    const struct noise noise = {
        .seed = e->seed, .purpose = PURPOSE_LIKELIHOOD, .item = e->batch.item + i, .draw = k};
    const double part = exp(log_weight - log_sum_value(&e->weights[i])); /* of all weights so far */
    if (m->sample) {
        if (replaces(part, noise))
            likelihood_draw_of(p, model->likelihood, row, x, noise);
        return;
    }
    likelihood_mean_of(p, model->likelihood, row, mean);
    for (size_t j = 0; j < n; j++)
        x[j] = k == 0 ? mean[j] : x[j] + (float)part * (mean[j] - x[j]);
}

int imputer_start(struct imputer *m, struct evaluator *e, bool sample) {
    const size_t elements = e->batch.model->elements, rows = e->batch.rows;
    size_t numbers = 0;
    *m = (struct imputer){.sample = sample};
    if (multiply(elements, 2 * rows * sizeof *m->x, &numbers))
        m->x = malloc(numbers);
    m->observed = calloc(elements, sizeof *m->observed);
    if (m->x == NULL || m->observed == NULL)
        return fail("imputation: out of memory for %zu items", rows);
    m->mean = m->x + rows * elements;
    e->drawn = impute;
    e->context = m;
    return 0;
}

void imputer_end(struct imputer *m) {
    free(m->x);
    free(m->observed);
}
