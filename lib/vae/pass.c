#include "vae/pass.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "vae/latent.h"
#include "vae/plan.h"

#include <stdlib.h>

#define ALIGNMENT ((size_t)64)

/* Every array is cut from one allocation: sized by a first walk with memory NULL, placed by a second. */
struct arena {
    char *memory;
    size_t used;
};

static void *take(struct arena *arena, size_t rows, size_t columns, size_t size) {
    void *array = arena->memory == NULL ? NULL : arena->memory + arena->used;
    arena->used += (rows * columns * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return array;
}

static size_t layer_units(const struct linear *layer) {
    return plan_units(layer->out, layer->in * layer->out);
}

static size_t layer_parts(const struct linear *layer) {
    return plan_parts(layer->out, layer->in * layer->out);
}

/* Numbers a row of the largest array of partial sums. */
static size_t partial_columns(const struct model *m) {
    size_t most = 0;
    for (size_t i = 1; i < m->layers; i++) {
        const size_t columns = (layer_parts(&m->layer[i]) - 1) * m->layer[i].in;
        most = columns > most ? columns : most;
    }
    return most;
}

static void lay_out(struct pass *p, struct arena *arena, bool backward) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent, number = sizeof(float);
    p->x = take(arena, p->rows, m->elements, number);
    for (size_t i = 0; i < m->layers; i++) {
        const size_t out = m->layer[i].out;
        p->out[i] = take(arena, p->rows, out, number);
        if (m->config.activation->keeps_slope && i != m->heads && i != m->last)
            p->slope[i] = take(arena, p->rows, out, number);
        if (backward)
            p->delta[i] = i == m->last ? p->out[i] : take(arena, p->rows, out, number);
    }
    p->sigma = take(arena, p->rows, latent, number);
    p->epsilon = take(arena, p->rows, latent, number);
    p->z = take(arena, p->rows, latent, number);
    p->dz = backward ? take(arena, p->rows, latent, number) : NULL;
    p->parts = backward ? layer_parts(&m->layer[m->last]) : 1;
    p->negative_log = take(arena, p->rows, p->parts, sizeof(double));
    p->partial = backward ? take(arena, p->rows, partial_columns(m), number) : NULL;
    p->kl = take(arena, p->rows, 1, sizeof(double));
}

int pass_create(struct pass *pass, const struct model *model, size_t rows, bool backward) {
    struct arena arena = {NULL, 0};
    size_t widest = model->elements, bytes;
    for (size_t i = 0; i < model->layers; i++)
        widest = model->layer[i].out > widest ? model->layer[i].out : widest;
    *pass = (struct pass){.model = model, .rows = rows};
    /* Some 80 arrays of at most rows x widest numbers. */
    if (!multiply(rows, widest, &bytes) || bytes > SIZE_MAX / 1024)
        return fail("model: %zu items at a time are too many for %zu units, wanted fewer", rows, widest);
    lay_out(pass, &arena, backward);
    pass->memory = arena.memory = memory_allocate(arena.used);
    if (pass->memory == NULL)
        return fail("model: out of memory for %zu items at a time (%zu bytes)", rows, arena.used);
    arena.used = 0;
    lay_out(pass, &arena, backward);
    return 0;
}

void pass_free(struct pass *pass) {
    free(pass->memory);
    *pass = (struct pass){0};
}

const float *pass_input(const struct pass *pass, size_t index) {
    return index == 0 ? pass->x : index == pass->model->heads + 1 ? pass->z : pass->out[index - 1];
}

static bool is_activated(const struct model *m, size_t layer) {
    return layer != m->heads && layer != m->last;
}

void pass_forward(struct pass *p, size_t index, const struct tile *tile) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    linear_forward(layer, m->parameters.value, pass_input(p, index), p->out[index], tile);
    for (size_t row = 0; is_activated(m, index) && row < tile->rows; row++) {
        const size_t here = tile_offset(tile, layer->out) + row * layer->out;
        float *slope = p->slope[index] == NULL ? NULL : p->slope[index] + here;
        m->config.activation->forward(math_kernel(), p->out[index] + here, slope, tile->columns);
    }
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

void pass_posterior(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent;
    for (size_t row = first; row < first + rows; row++) {
        float *heads = p->out[m->heads] + row * 2 * latent, *sigma = p->sigma + row * latent;
        latent_posterior(heads, sigma, latent);
        p->kl[row] = latent_kl(heads, sigma, latent);
    }
}

void pass_draw(struct pass *p, size_t first, size_t rows) {
    const size_t latent = p->model->config.latent;
    for (size_t row = first; row < first + rows; row++)
        latent_draw(p->out[p->model->heads] + row * 2 * latent, p->sigma + row * latent, p->epsilon + row * latent,
                    p->z + row * latent, latent);
}

void pass_decode(struct pass *p, size_t first, size_t rows) {
    forward(p, p->model->heads + 1, p->model->last, first, rows);
}

/* Which of a layer's parts a tile is. */
static size_t part_of(const struct linear *layer, const struct tile *tile) {
    return tile->column / layer_units(layer);
}

void pass_likelihood(struct pass *p, const struct tile *tile, bool gradient) {
    const struct model *m = p->model;
    double *sum = p->negative_log + (p->parts == 1 ? 0 : part_of(&m->layer[m->last], tile)) * p->rows;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const size_t here = row * m->elements + tile->column;
        float *a = p->out[m->last] + here;
        sum[row] = m->config.likelihood->negative_log(m->config.sigma, a, p->x + here, gradient ? a : NULL,
                                                      tile->columns);
    }
}

double pass_negative_log(const struct pass *p, size_t row) {
    double sum = 0;
    for (size_t part = 0; part < p->parts; part++)
        sum += p->negative_log[part * p->rows + row];
    return sum;
}

/* What pass_backward of a layer is to make. */
static float *below(const struct pass *p, size_t index) {
    return index == p->model->heads + 1 ? p->dz : p->delta[index - 1];
}

void pass_backward(struct pass *p, size_t index, const struct tile *tile) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    const size_t part = part_of(layer, tile);
    linear_backward(layer, m->parameters.value, p->delta[index],
                    part == 0 ? below(p, index) : p->partial + (part - 1) * p->rows * layer->in, tile);
}

void pass_backward_sum(struct pass *p, size_t index, size_t first, size_t rows) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    const size_t in = layer->in, parts = layer_parts(layer);
    for (size_t row = first; row < first + rows; row++) {
        float *sum = below(p, index) + row * in;
        const float *slope = p->slope[index - 1] == NULL ? NULL : p->slope[index - 1] + row * in;
        for (size_t part = 1; part < parts; part++)
            math_kernel()->add(sum, p->partial + ((part - 1) * p->rows + row) * in, in);
        if (is_activated(m, index - 1))
            m->config.activation->backward(math_kernel(), sum, p->out[index - 1] + row * in, slope, in);
    }
}

void pass_posterior_backward(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t latent = m->config.latent;
    for (size_t row = first; row < first + rows; row++)
        latent_backward(p->out[m->heads] + row * 2 * latent, p->sigma + row * latent, p->epsilon + row * latent,
                        p->dz + row * latent, p->delta[m->heads] + row * 2 * latent, latent);
}

size_t pass_not_finite(const struct pass *p, size_t rows) {
    const struct model *m = p->model;
    size_t i = 0;
    while (i < m->layers && math_kernel()->finite(p->out[i], rows * m->layer[i].out))
        i++;
    return i;
}
