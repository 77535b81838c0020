/* SPDX-License-Identifier: MIT */
#include "query/generate.h"

#include "kernel/math_kernel.h"

#include <string.h>

static struct noise noise_of(const struct batch *batch, const struct generation *g, size_t row) {
    return (struct noise){
        .seed = g->seed, .purpose = PURPOSE_LIKELIHOOD, .item = batch->item + batch_index(batch, row)};
}

/* Divides the outputs of the elements [first, first + n) of a row by the temperature. */
static void cool(const struct pass *p, const struct model *m, const struct generation *g, size_t row, size_t first,
                 size_t n) {
    const size_t outputs = m->segment.outputs;
    if (g->temperature != 1)
        math_kernel()->scale(p->value[m->output].out + (row * m->elements + first) * outputs,
                             (float)(1 / g->temperature), n * outputs);
}

static void generate_items(struct batch *batch, const struct range *range, const struct generation *g) {
    struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    pass_forward(p, m->z + 1, m->likelihood, range->base, range->all);
    for (size_t row = range->first; row < range->first + range->rows; row++) {
        float *x = model_x(m, p, row);
        cool(p, m, g, row, 0, m->elements);
        if (g->sample)
            likelihood_draw_of(p, m->likelihood, row, x, noise_of(batch, g, row));
        else
            likelihood_mean_of(p, m->likelihood, row, x);
    }
}

/* Computes one position of the layers from the recurrent one to the output. */
static void forward_position(struct pass *p, const struct model *m, const struct range *range, size_t position) {
    for (size_t i = m->recurrent; i <= m->output; i++) {
        const struct layer *layer = &m->net.layer[i];
        layer->op->forward_position(
            p, layer, &(struct tile){.row = range->base, .rows = range->all, .units = layer->units}, position);
    }
}

/* Chooses the token of a row at a position, unless the sequence has ended. Returns whether it goes on. */
static bool choose(const struct batch *batch, const struct generation *g, size_t row, size_t position) {
    const struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    float *x = model_x(m, p, row);
    if (position > 0 && x[position - 1] == 0)
        return false;
    cool(p, m, g, row, position, 1);
    struct noise noise = noise_of(batch, g, row);
    likelihood_choose(p, m->likelihood, row, position, x, g->sample ? &noise : NULL);
    return x[position] != 0;
}

static void generate_sequences(struct batch *batch, const struct range *range, const struct generation *g) {
    struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    bool goes_on = true;
    memset(model_x(m, p, range->base), 0, range->all * m->elements * sizeof(float));
    pass_forward(p, m->z + 1, m->recurrent, range->base, range->all);
    for (size_t position = 0; goes_on && position < m->elements; position++) {
        for (size_t row = range->base; row < range->base + range->all; row++)
            model_set_previous(m, p, row);
        forward_position(p, m, range, position);
        goes_on = false;
        for (size_t row = range->first; row < range->first + range->rows; row++)
            goes_on |= choose(batch, g, row, position);
    }
}

void generate(struct batch *batch, const struct range *range, const struct generation *g) {
    if (batch->model->recurrent == NO_LAYER)
        generate_items(batch, range, g);
    else
        generate_sequences(batch, range, g);
}
