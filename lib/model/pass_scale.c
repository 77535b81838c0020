/* SPDX-License-Identifier: MIT */
/* The likelihood's scale in a pass: where it comes from, and its gradient. */
#include "model/pass.h"

#include "dist/missing.h"

#include <math.h>

static void fill(struct pass *p, float log_scale) {
    const float inverse = (float)exp(-(double)log_scale);
    for (size_t i = 0; i < p->model->elements; i++) {
        p->log_scale[i] = log_scale;
        p->inverse_scale[i] = inverse;
    }
}

void pass_set_scale(struct pass *p) {
    const struct model *m = p->model;
    const float *value = m->parameters.value + m->scale;
    if (p->log_scale == NULL)
        return;
    if (m->scales <= 1)
        fill(p, m->scales == 0 ? (float)log(m->config.sigma) : log_scale_bounded(value[0]));
    for (size_t i = 0; m->scales > 1 && i < m->elements; i++) {
        p->log_scale[i] = log_scale_bounded(value[i]);
        p->inverse_scale[i] = expf(-p->log_scale[i]);
    }
}

struct distributions pass_distributions(const struct pass *p, size_t row, size_t first, size_t n) {
    const struct model *m = p->model;
    const bool scale = p->log_scale != NULL;
    return (struct distributions){.a = p->out[m->last] + row * m->layer[m->last].out + first * m->outputs,
                                  .log_scale = scale ? p->log_scale + first : NULL,
                                  .inverse_scale = scale ? p->inverse_scale + first : NULL,
                                  .n = n,
                                  .levels = m->config.levels};
}

void pass_deviations(struct pass *p, const struct tile *tile) {
    const struct model *m = p->model;
    double *sum = pass_part_sums(p, p->deviations, tile);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const struct distributions d = pass_distributions(p, row, tile->column, tile->columns);
        const float *x = p->x + row / p->draws * m->elements + tile->column;
        sum[row] = m->config.missing ? observed_deviations(m->config.likelihood, d.a, x, tile->columns)
                                     : m->config.likelihood->deviations(d.a, x, tile->columns);
    }
}

float pass_best_log_scale(const struct model *m, double sum, double count) {
    return log_scale_bounded((float)(log(sum / count) / m->config.likelihood->power));
}

/* Elements of the first `rows` items that there are. */
static size_t observed(const struct pass *p, size_t rows) {
    const size_t all = rows * p->model->elements;
    return p->model->config.missing ? observed_count(p->x, all) : all;
}

void pass_set_best_scale(struct pass *p, size_t rows, double *sum, double *count) {
    *sum = 0;
    for (size_t part = 0; part < p->parts; part++)
        for (size_t row = 0; row < rows * p->draws; row++)
            *sum += p->deviations[part * p->rows * p->draws + row];
    *count = (double)p->draws * (double)observed(p, rows);
    if (*count > 0)
        fill(p, pass_best_log_scale(p->model, *sum, *count));
}

void pass_scale_gradient(struct pass *p, size_t rows, float factor, float *gradient) {
    const struct model *m = p->model;
    const size_t elements = m->elements, all = rows * p->draws;
    const float *value = m->parameters.value + m->scale;
    float *sums = p->dscale;
    /* Into the first row. */
    math_kernel()->column_sums(sums, sums + elements, all - 1, elements, elements, 1);
    double sum = 0;
    for (size_t i = 0; i < elements; i++)
        sum += (double)sums[i];
    if (m->scales == 1)
        gradient[m->scale] += factor * log_scale_gradient(value[0], (float)sum);
    for (size_t i = 0; m->scales > 1 && i < elements; i++)
        gradient[m->scale + i] += factor * log_scale_gradient(value[i], sums[i]);
}
