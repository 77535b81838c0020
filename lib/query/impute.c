/* SPDX-License-Identifier: MIT */
#include "query/impute.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* A stream of draws of which, at any time, each is the one that is kept with its share of the weights, one that is
 * no number always. */
static void keep(float *x, const struct distributions *d, struct noise noise, double part) {
    float u[2]; /* of 24 bits each, too few if there are millions of draws */
    noise.purpose = PURPOSE_RESAMPLE;
    noise_uniform(u, 2, noise);
    noise.purpose = PURPOSE_LIKELIHOOD;
    if (!((double)u[0] + (double)u[1] * 0x1p-24 >= part))
        likelihood_draw(d, x, noise);
}

static void impute(const struct evaluator *e, size_t row, size_t i, uint32_t k, double log_weight) {
    struct imputer *m = e->context;
    const struct pass *p = &e->block.pass;
    const size_t n = p->model->elements;
    float *x = m->x + i * n, *mean = m->mean + i * n;
    if (math_kernel()->finite(p->x + row * n, n))
        return;
    const struct distributions d = pass_distributions(p, row, 0, n);
    const struct noise noise = {.seed = e->seed, .item = e->block.item + i, .draw = k};
    const double part = exp(log_weight - log_sum_value(&e->weights[i])); /* of all weights so far */
    if (m->sample) {
        keep(x, &d, noise, part);
        return;
    }
    likelihood_mean(&d, mean);
    for (size_t j = 0; j < n; j++)
        x[j] = k == 0 ? mean[j] : x[j] + (float)part * (mean[j] - x[j]);
}

int imputer_start(struct imputer *m, struct evaluator *e, bool sample) {
    const size_t elements = e->block.pass.model->elements;
    size_t numbers = 0;
    *m = (struct imputer){.sample = sample};
    if (multiply(elements, 2 * BLOCK_ROWS * sizeof *m->x, &numbers))
        m->x = malloc(numbers);
    if (m->x == NULL)
        return fail("imputation: out of memory for %d items", BLOCK_ROWS);
    m->mean = m->x + BLOCK_ROWS * elements;
    e->drawn = impute;
    e->context = m;
    return 0;
}

void imputer_end(struct imputer *m) {
    free(m->x);
}
