/* SPDX-License-Identifier: MIT */
#include "model/pass.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "dist/missing.h"
#include "kernel/product_kernel.h"
#include "nn/plan.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)

/* All arrays are in one allocation. A first call of lay_out, with memory NULL, sizes it; a second one sets the
 * arrays. */
struct arena {
    char *memory;
    size_t used;
};

static void *take(struct arena *arena, size_t rows, size_t columns, size_t size) {
    void *array = arena->memory == NULL ? NULL : arena->memory + arena->used;
    arena->used += (rows * columns * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return array;
}

size_t pass_draws(const struct pass *p, size_t index) {
    return index > p->model->heads ? p->draws : 1;
}

/* Rows of an input's panels: one more than the input has, so that neighbouring panels do not use the same lines of
 * the cache if the number of rows is a power of two. */
static size_t panel_rows(size_t rows) {
    return rows + 1;
}

static void lay_out(struct pass *p, struct arena *arena, bool backward) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent, number = sizeof(float), all = p->rows * p->draws;
    p->x = take(arena, p->rows, m->elements, number);
    p->encoder_input = pass_encodes_x(m) ? p->x : take(arena, p->rows, m->encoder_inputs, number);
    p->condition = take(arena, p->rows, m->config.classes, number);
    for (size_t i = 0; i < m->layers; i++) {
        const size_t out = m->layer[i].out, units = model_units(m, i), rows = p->rows * pass_draws(p, i);
        p->out[i] = take(arena, rows, units, number);
        if (m->config.activation->keeps_slope && model_is_hidden(m, i))
            p->slope[i] = take(arena, rows, out, number);
        if (backward)
            p->delta[i] = i == m->last ? p->out[i] : units < out ? p->slope[i] : take(arena, rows, out, number);
        p->dout[i] = units < out && backward ? take(arena, rows, units, number) : p->delta[i];
        if (backward && products()->packed)
            p->panels[i] = take(arena, 1, panels_size(panel_rows(rows), m->layer[i].in), number);
    }
    p->sigma = take(arena, p->rows, latent, number);
    p->epsilon = take(arena, all, latent, number);
    p->z = take(arena, all, m->decoder_inputs, number);
    p->dz = backward ? take(arena, all, m->decoder_inputs, number) : NULL;
    p->prior_scratch = take(arena, all, prior_scratch(&m->prior), number);
    p->log_prior = take(arena, prior_needs_density(m->config.prior) ? all : 0, 1, sizeof(double));
    p->weight = backward ? take(arena, all, 1, number) : NULL;
    p->parts = backward ? plan_parts(&m->layer[m->last]) : 1;
    p->negative_log = take(arena, all, p->parts, sizeof(double));
    if (segment_has_best_scale(&m->segment) && backward)
        p->deviations = take(arena, all, p->parts, sizeof(double));
    if (segment_has_scale(&m->segment)) {
        p->log_scale = take(arena, 1, m->elements, number);
        p->inverse_scale = take(arena, 1, m->elements, number);
    }
    if (segment_learns_scale(&m->segment) && backward)
        p->dscale = take(arena, all, m->elements, number);
    p->kl = take(arena, p->rows, 1, sizeof(double));
    p->bound = take(arena, p->rows, 1, sizeof(double));
}

int pass_create(struct pass *pass, const struct model *model, size_t rows, size_t draws, bool backward) {
    struct arena arena = {NULL, 0};
    const size_t scratch = prior_scratch(&model->prior);
    size_t widest = model->encoder_inputs > scratch ? model->encoder_inputs : scratch, numbers;
    for (size_t i = 0; i < model->layers; i++)
        widest = model->layer[i].out > widest ? model->layer[i].out : widest;
    *pass = (struct pass){.model = model, .rows = rows, .draws = draws};
    if (products_setup() < 0)
        return -1;
    /* Fewer than 100 arrays of at most rows x widest numbers, and panels, which are padded to at most 32 times
     * that. */
    if (!multiply(rows, draws == 0 ? 1 : draws, &numbers) || !multiply(numbers, widest, &numbers) ||
        numbers > SIZE_MAX / 4096)
        return fail("model: %zu items of %zu draws at a time are too many for %zu units, wanted fewer", rows, draws,
                    widest);
    lay_out(pass, &arena, backward);
    pass->memory = arena.memory = memory_allocate(arena.used);
    if (pass->memory == NULL)
        return fail("model: out of memory for %zu items at a time (%zu bytes)", rows, arena.used);
    arena.used = 0;
    lay_out(pass, &arena, backward);
    pass_set_scale(pass);
    return 0;
}

void pass_free(struct pass *pass) {
    free(pass->memory);
    *pass = (struct pass){0};
}

struct linear_input pass_input(const struct pass *p, size_t index) {
    return (struct linear_input){.x = index == 0                     ? p->encoder_input
                                      : index == p->model->heads + 1 ? p->z
                                                                     : p->out[index - 1],
                                 .panels = p->panels[index],
                                 .panel = panel_rows(p->rows * pass_draws(p, index)) * PANEL};
}

void pass_pack(struct pass *p, size_t index, const struct tile *tile) {
    const size_t in = p->model->layer[index].in;
    const struct linear_input input = pass_input(p, index);
    if (input.panels != NULL)
        product_kernel()->pack(input.x + tile_offset(tile, in), in, tile->rows, tile->columns,
                               p->panels[index] + tile->column / PANEL * input.panel + tile->row * PANEL,
                               input.panel);
}

void pass_forward(struct pass *p, size_t index, const struct tile *tile) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    const size_t units = model_units(m, index), group = layer->out / units;
    linear_forward(layer, m->parameters.value, pass_input(p, index).x, group > 1 ? p->slope[index] : p->out[index],
                   tile);
    if (!model_is_hidden(m, index))
        return;
    for (size_t row = 0; row < tile->rows; row++) {
        const size_t here = tile_offset(tile, layer->out) + row * layer->out;
        float *slope = p->slope[index] == NULL ? NULL : p->slope[index] + here;
        m->config.activation->forward(math_kernel(), p->out[index] + here / group, slope, tile->columns / group);
    }
    pass_pack(p, index + 1, &(struct tile){tile->row, tile->rows, tile->column / group, tile->columns / group});
}

/* Layers [from, to] in turn, whole rows. */
static void forward(struct pass *p, size_t from, size_t to, size_t first, size_t rows) {
    for (size_t i = from; i <= to; i++)
        pass_forward(p, i, &(struct tile){first, rows, 0, p->model->layer[i].out});
}

void pass_encode(struct pass *p, size_t first, size_t rows) {
    forward(p, 0, p->model->heads, first, rows);
    pass_posterior(p, first, rows);
}

void pass_decode(struct pass *p, size_t first, size_t rows) {
    forward(p, p->model->heads + 1, p->model->last, first * p->draws, rows * p->draws);
}

double *pass_part_sums(const struct pass *p, double *sums, const struct tile *tile) {
    const struct model *m = p->model;
    return sums + (p->parts == 1 ? 0 : plan_part(&m->layer[m->last], tile)) * p->rows * p->draws;
}

void pass_likelihood(struct pass *p, const struct tile *tile, bool gradient) {
    const struct model *m = p->model;
    const size_t first = tile->column / m->segment.outputs, n = tile->columns / m->segment.outputs;
    double *sum = pass_part_sums(p, p->negative_log, tile);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const struct distributions d = pass_distributions(p, row, first, n);
        float *da = gradient ? p->out[m->last] + row * m->layer[m->last].out + tile->column : NULL;
        sum[row] = (m->config.missing ? observed_negative_log : likelihood_negative_log)(
            &d, p->x + row / p->draws * m->elements + first, da,
            gradient && p->dscale != NULL ? p->dscale + row * m->elements + first : NULL);
    }
}

double pass_negative_log(const struct pass *p, size_t row) {
    double sum = 0;
    for (size_t part = 0; part < p->parts; part++)
        sum += p->negative_log[part * p->rows * p->draws + row];
    return sum;
}

double pass_mean_negative_log(const struct pass *p, size_t item) {
    double sum = 0;
    for (size_t row = item * p->draws; row < (item + 1) * p->draws; row++)
        sum += pass_negative_log(p, row);
    return sum / (double)p->draws;
}

void pass_backward(struct pass *p, size_t index, const struct tile *tile) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    const bool hidden = model_is_hidden(m, index - 1);
    float *below = index == m->heads + 1 ? p->dz : p->dout[index - 1];
    linear_backward(layer, m->parameters.value, p->delta[index], below, tile);
    for (size_t row = 0; hidden && row < tile->rows; row++) {
        const size_t here = tile_offset(tile, layer->in) + row * layer->in;
        float *slope = p->slope[index - 1] == NULL ? NULL : p->slope[index - 1] + here * m->layer[index - 1].group;
        m->config.activation->backward(math_kernel(), below + here, p->out[index - 1] + here, slope, tile->columns);
    }
}

size_t pass_not_finite(const struct pass *p, size_t rows) {
    const struct model *m = p->model;
    size_t i = 0;
    while (i < m->layers && math_kernel()->finite(p->out[i], rows * pass_draws(p, i) * model_units(m, i)))
        i++;
    return i;
}
