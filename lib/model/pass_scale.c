/* SPDX-License-Identifier: MIT */
/* The likelihood's scale in a pass: where it comes from, and its gradient. */
#include "model/pass.h"

#include "dist/missing.h"

void pass_set_scale(struct pass *p) {
    const struct model *m = p->model;
    if (p->log_scale != NULL)
        segment_set_scale(&m->segment, m->parameters.value + m->scale, p->log_scale, p->inverse_scale);
}

struct distributions pass_distributions(const struct pass *p, size_t row, size_t first, size_t n) {
    const struct model *m = p->model;
    const bool scale = p->log_scale != NULL;
    return (struct distributions){.segment = &m->segment,
                                  .a = p->out[m->last] + row * m->layer[m->last].out + first * m->segment.outputs,
                                  .log_scale = scale ? p->log_scale + first : NULL,
                                  .inverse_scale = scale ? p->inverse_scale + first : NULL,
                                  .n = n};
}

void pass_deviations(struct pass *p, const struct tile *tile) {
    const struct model *m = p->model;
    double *sum = pass_part_sums(p, p->deviations, tile);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const struct distributions d = pass_distributions(p, row, tile->column, tile->columns);
        const float *x = p->x + row / p->draws * m->elements + tile->column;
        sum[row] = m->config.missing ? observed_deviations(&d, x)
                                     : m->config.likelihood->deviations(d.a, x, tile->columns);
    }
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
        segment_set_best_scale(&p->model->segment, *sum, *count, p->log_scale, p->inverse_scale);
}

void pass_scale_gradient(struct pass *p, size_t rows, float factor, float *gradient) {
    const struct model *m = p->model;
    const size_t elements = m->elements, all = rows * p->draws;
    float *sums = p->dscale;
    /* Into the first row. */
    math_kernel()->column_sums(sums, sums + elements, all - 1, elements, elements, 1);
    segment_scale_gradient(&m->segment, m->parameters.value + m->scale, sums, factor, gradient + m->scale);
}
