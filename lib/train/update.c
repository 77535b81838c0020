/* SPDX-License-Identifier: MIT */
#include "train/update.h"

#include "base/error.h"
#include "base/memory.h"
#include "nn/plan.h"

#include <math.h>
#include <stdlib.h>

#define PSEUDO_SLICES 16 /* of the prior's pseudo-inputs, at most */

/* Parameters that are updated together: units of a layer; or numbers [offset, offset + size) of the parameters that
 * belong to no layer. */
struct slice {
    const struct linear *layer; /* NULL: of no layer */
    size_t index;               /* of the layer */
    struct tile tile;           /* of the layer's weights: whole rows, which are contiguous in memory */
    size_t offset, size;
    size_t sum; /* its first one in update.squares: it has one for each unit, or one if it is of no layer */
};

/* Orders slices by their relative place in their layers, then by size, the larger one first. */
static int by_place(const void *a, const void *b) {
    const struct slice *s = a, *t = b;
    const size_t left = (2 * s->tile.row + s->tile.rows) * t->layer->out,
                 right = (2 * t->tile.row + t->tile.rows) * s->layer->out;
    if (left != right)
        return left < right ? -1 : 1;
    const size_t size = s->tile.rows * s->tile.columns, other = t->tile.rows * t->tile.columns;
    return size != other ? (size > other ? -1 : 1) : (s->index < t->index ? -1 : 1);
}

/* Cuts a layer into slices and returns their number. With slice NULL they are only counted. `sum`: of the layer's
 * first unit. */
static size_t cut_layer(const struct linear *layer, size_t index, size_t sum, struct slice *slice) {
    const size_t units = products()->slice_units;
    size_t count = 0;
    for (size_t row = 0; row < layer->out; row += units, count++)
        if (slice != NULL)
            slice[count] =
                (struct slice){.layer = layer,
                               .index = index,
                               .sum = sum + row,
                               .tile = {row, layer->out - row < units ? layer->out - row : units, 0, layer->in}};
    return count;
}

/* The order gives each thread the update of the units whose outputs it computes: see workers_run. 0 or -1. */
static int cut_slices(struct update *u) {
    const struct model *m = u->model;
    size_t most = 1 + PSEUDO_SLICES, units = 0;
    for (size_t i = 0; i < m->layers; units += m->layer[i++].out)
        most += cut_layer(&m->layer[i], i, 0, NULL);
    u->slice = calloc(most, sizeof *u->slice);
    u->squares = calloc(units + 1 + PSEUDO_SLICES, sizeof *u->squares);
    if (u->slice == NULL || u->squares == NULL)
        return fail("training: out of memory");
    for (size_t i = 0; i < m->layers; u->sums += m->layer[i++].out)
        u->slices += cut_layer(&m->layer[i], i, u->sums, u->slice + u->slices);
    qsort(u->slice, u->slices, sizeof *u->slice, by_place);
    if (u->pass->dscale != NULL)
        u->slice[u->slices++] = (struct slice){.offset = m->scale, .size = m->scales, .sum = u->sums++};
    const size_t all = prior_pseudo_inputs(m->config.prior, m->config.components) * m->encoder_inputs,
                 each = (all + PSEUDO_SLICES - 1) / PSEUDO_SLICES;
    for (size_t first = 0; first < all; first += each)
        u->slice[u->slices++] = (struct slice){
            .offset = m->pseudo_inputs + first, .size = all - first < each ? all - first : each, .sum = u->sums++};
    return 0;
}

/* About the number of multiplications of Muon's step. */
static double cost(const struct tensor *t) {
    const double rows = (double)tensor_rows(t), columns = (double)tensor_columns(t);
    if (t->kind != TENSOR_MATRIX)
        return 0;
    return rows < columns ? rows * rows * columns : columns * columns * rows;
}

/* Puts the expensive tensors at both ends and the cheap ones in the middle, since threads begin at the ends.
 * `sorted` has room for all of them. */
static void set_matrix_order(struct update *u, size_t *sorted) {
    const struct parameters *p = &u->model->parameters;
    for (size_t i = 0; i < p->count; i++) {
        size_t j = i;
        for (; j > 0 && cost(&p->tensor[sorted[j - 1]]) < cost(&p->tensor[i]); j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = i;
    }
    for (size_t i = 0; i < p->count; i++)
        u->matrix_order[i % 2 == 0 ? i / 2 : p->count - 1 - i / 2] = sorted[i];
}

/* Sets the order of the tensors and allocates what Muon needs for each. 0 or -1. */
static int order_tensors(struct update *u) {
    const struct parameters *p = &u->model->parameters;
    size_t *sorted = calloc(p->count, sizeof *sorted);
    u->scratch = calloc(p->count, sizeof *u->scratch);
    u->matrix_order = calloc(p->count, sizeof *u->matrix_order);
    const bool there = sorted != NULL && u->scratch != NULL && u->matrix_order != NULL;
    if (there)
        set_matrix_order(u, sorted);
    free(sorted);
    if (!there)
        return fail("training: out of memory");
    for (size_t i = 0; i < p->count; i++)
        if (p->tensor[i].kind == TENSOR_MATRIX &&
            (u->scratch[i] = memory_allocate(muon_scratch(&p->tensor[i]) * sizeof **u->scratch)) == NULL)
            return fail("training: out of memory for the update of %s", p->tensor[i].name);
    return 0;
}

/* Allocates memory for each thread's gradient of a slice. 0 or -1. */
static int allocate_own_gradients(struct update *u, size_t threads) {
    for (size_t i = 0; i < u->model->layers; i++) {
        const size_t numbers = products()->slice_units * (u->model->layer[i].in + 1);
        u->own_numbers = numbers > u->own_numbers ? numbers : u->own_numbers;
    }
    u->own_numbers = (u->own_numbers + PANEL - 1) / PANEL * PANEL;
    u->own_gradient = memory_allocate(threads * u->own_numbers * sizeof *u->own_gradient);
    return u->own_gradient == NULL ? fail("training: out of memory for the gradients of %zu threads", threads) : 0;
}

int update_start(struct update *u, size_t threads) {
    const struct optimizer_config *o = &u->config->optimizer;
    if (u->config->ema > 0 && parameters_average(&u->model->parameters) < 0)
        return -1;
    if (o->optimizer->orthogonal && order_tensors(u) < 0)
        return -1;
    if (!o->optimizer->orthogonal && o->clip == 0 && allocate_own_gradients(u, threads) < 0)
        return -1;
    return cut_slices(u);
}

void update_end(struct update *u) {
    for (size_t i = 0; u->scratch != NULL && i < u->model->parameters.count; i++)
        free(u->scratch[i]);
    free(u->scratch);
    free(u->matrix_order);
    free(u->own_gradient);
    free(u->squares);
    free(u->slice);
}

static void average(const struct update *u, size_t offset, size_t size) {
    const struct parameters *p = &u->model->parameters;
    if (p->average != NULL)
        math_kernel()->average(p->average + offset, p->value + offset, u->ema_weight, size);
}

/* Computes the gradient of a layer's slice -> g. */
static void layer_gradient(const struct update *u, const struct slice *s, const struct linear_gradient *g) {
    const struct model *m = u->model;
    const float scale = 1.0f / (float)u->rows;
    const bool pseudo = u->pseudo != NULL && s->index <= m->heads;
    struct linear_input input;
    if (pseudo) {
        input = pass_input(u->pseudo, s->index);
        linear_gradient(s->layer, u->pseudo->delta[s->index], &input, m->config.components, &s->tile, scale, 0, g);
    }
    input = pass_input(u->pass, s->index);
    linear_gradient(s->layer, u->pass->delta[s->index], &input, u->rows * pass_draws(u->pass, s->index), &s->tile,
                    scale, pseudo ? 1 : 0, g);
}

/* Where a slice's gradient is in the table of parameters. */
static struct linear_gradient in_table(const struct update *u, const struct slice *s) {
    float *gradient = u->model->parameters.gradient;
    return (struct linear_gradient){gradient + s->layer->weight + s->tile.row * s->layer->in,
                                    gradient + s->layer->bias + s->tile.row};
}

static void adam(struct update *u, float *gradient, size_t offset, size_t size, float decay) {
    adam_update(&u->adam, decay, &u->model->parameters, gradient, offset, size);
    average(u, offset, size);
}

/* Updates a layer's slice from its gradient. */
static void adam_layer(struct update *u, const struct slice *s, const struct linear_gradient *g) {
    const struct linear *layer = s->layer;
    adam(u, g->weight, layer->weight + s->tile.row * layer->in, s->tile.rows * layer->in, u->decay);
    adam(u, g->bias, layer->bias + s->tile.row, s->tile.rows, 1);
    linear_pack(layer, u->model->parameters.value, &s->tile);
}

/* Computes the gradient of a slice that belongs to no layer. That of the pseudo-inputs has been computed already.
 */
static void other_gradient(const struct update *u, const struct slice *s) {
    const struct model *m = u->model;
    if (u->pass->dscale != NULL && s->offset == m->scale)
        pass_scale_gradient(u->pass, u->rows, 1.0f / (float)u->rows, m->parameters.gradient);
}

static void adam_slice(void *context, size_t i) {
    struct update *u = context;
    const struct slice *s = &u->slice[i];
    if (s->layer == NULL) {
        adam(u, u->model->parameters.gradient + s->offset, s->offset, s->size, 1);
        return;
    }
    const struct linear_gradient g = in_table(u, s);
    adam_layer(u, s, &g);
}

/* Where a slice's gradient is if only one task needs it: in the thread's own memory, which stays in its processor's
 * cache. */
static struct linear_gradient in_scratch(const struct update *u, const struct slice *s) {
    float *gradient = u->own_gradient + workers_self() * u->own_numbers;
    return (struct linear_gradient){gradient, gradient + s->tile.rows * s->layer->in};
}

/* Gradient and update in one task. */
static void both_of_slice(void *context, size_t i) {
    struct update *u = context;
    const struct slice *s = &u->slice[i];
    if (s->layer == NULL) {
        other_gradient(u, s);
        adam_slice(u, i);
        return;
    }
    const struct linear_gradient g = in_scratch(u, s);
    layer_gradient(u, s, &g);
    adam_layer(u, s, &g);
}

/* Sets the sums of squares of a slice's gradient. */
static void set_squares(const struct update *u, const struct slice *s) {
    const struct math_kernel *kernel = math_kernel();
    if (s->layer == NULL) {
        u->squares[s->sum] = kernel->squares(u->model->parameters.gradient + s->offset, s->size);
        return;
    }
    const struct linear_gradient g = in_table(u, s);
    for (size_t r = 0; r < s->tile.rows; r++)
        u->squares[s->sum + r] =
            kernel->squares(g.weight + r * s->layer->in, s->layer->in) + kernel->squares(g.bias + r, 1);
}

static void gradient_of_slice(void *context, size_t i) {
    struct update *u = context;
    const struct slice *s = &u->slice[i];
    if (s->layer == NULL) {
        other_gradient(u, s);
    } else {
        const struct linear_gradient g = in_table(u, s);
        layer_gradient(u, s, &g);
    }
    if (u->config->optimizer.clip > 0)
        set_squares(u, s);
}

/* Packs the rows of a tensor that is a layer's weights, or half of the heads' weights. */
static void pack_tensor(const struct model *m, const struct tensor *t) {
    for (size_t i = 0; i < m->layers; i++) {
        const struct linear *layer = &m->layer[i];
        if (t->offset >= layer->weight && t->offset < layer->weight + layer->in * layer->out)
            linear_pack(layer, m->parameters.value,
                        &(struct tile){(t->offset - layer->weight) / layer->in, tensor_rows(t), 0, layer->in});
    }
}

static void muon_tensor(void *context, size_t i) {
    struct update *u = context;
    struct parameters *p = &u->model->parameters;
    const size_t number = u->matrix_order[i];
    const struct tensor *t = &p->tensor[number];
    if (t->kind == TENSOR_PLAIN) {
        adam(u, p->gradient + t->offset, t->offset, t->size, 1);
    } else if (t->kind == TENSOR_MATRIX) {
        muon_update(u->rate, u->scale, u->decay, p, t, u->scratch[number]);
        average(u, t->offset, t->size);
        pack_tensor(u->model, t);
    }
}

/* The factor that reduces the gradient to the maximum norm; 1 if it is below. */
static double clipping(const struct update *u) {
    double squares = 0;
    for (size_t i = 0; i < u->sums; i++)
        squares += u->squares[i];
    const double clip = u->config->optimizer.clip, norm = sqrt(squares);
    return clip > 0 && norm > clip ? clip / norm : 1;
}

/* 1 - decay of the moving average. In the first steps the decay is smaller, so that the initial weights fade fast.
 */
static float ema_weight_at(double ema, uint64_t step) {
    const double young = (double)step / ((double)step + 10);
    return (float)(1 - (ema < young ? ema : young));
}

void update_run(struct update *u, struct workers *workers, size_t rows, double rate, uint64_t step) {
    const struct optimizer_config *o = &u->config->optimizer;
    const bool orthogonal = o->optimizer->orthogonal;
    u->rows = rows;
    u->rate = rate;
    u->scale = 1;
    u->decay = (float)(1 - rate * o->weight_decay);
    u->ema_weight = ema_weight_at(u->config->ema, step);
    if (o->clip > 0 || orthogonal) {
        workers_run(workers, u->slices, gradient_of_slice, u);
        u->scale = clipping(u);
    }
    u->adam = adam_step(o, rate, u->scale, step);
    if (orthogonal)
        workers_run(workers, u->model->parameters.count, muon_tensor, u);
    else
        workers_run(workers, u->slices, o->clip > 0 ? adam_slice : both_of_slice, u);
}
