/* SPDX-License-Identifier: MIT */
#include "train/update.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "nn/plan.h"

#include <math.h>
#include <stdlib.h>

#define PSEUDO_PARTS 16 /* most parts that the pseudo-inputs of a prior are divided into */

/* Parameters that are updated together: the units [unit, unit + units) of a layer; or the pseudo-inputs
 * [offset, offset + size) of the table, which belong to no layer and whose gradient is in the table already. */
struct part {
    const struct layer *layer; /* NULL: pseudo-inputs */
    size_t unit, units;
    size_t offset, size;
    size_t sum; /* index of the first sum in update.squares: one per unit; one in all if own_whole, or no layer */
};

/* The arguments of one step, for its tasks. */
struct work {
    struct update *update;
    const struct step *step;
    size_t from, to; /* the layers whose gradient is computed */
    struct adam_step adam;
    double scale;     /* factor of the gradient: 1, or less because of --clip */
    float decay;      /* the factor of weight decay, 1 - rate times weight_decay */
    float ema_weight; /* weight of the present parameters in the moving average, 1 - decay */
};

static bool has_gradient(const struct layer *layer) {
    return layer->owns > 0 && layer->op->gradient != NULL;
}

/* Returns the units per part of a layer; the last part may have fewer. */
static size_t part_units(const struct layer *layer) {
    return layer->own_whole ? layer->own_units : smaller(products()->part_units, layer->own_units);
}

/* Returns how many parameters a layer has per unit. */
static size_t numbers_per_unit(const struct layer *layer) {
    size_t numbers = 0;
    for (size_t j = 0; j < layer->owns; j++)
        numbers += layer->own[j].each;
    return numbers;
}

/* Orders parts by their relative position in their layers, then by size, the larger one first. */
static int by_place(const void *a, const void *b) {
    const struct part *s = a, *t = b;
    const size_t left = (2 * s->unit + s->units) * t->layer->own_units,
                 right = (2 * t->unit + t->units) * s->layer->own_units;
    if (left != right)
        return left < right ? -1 : 1;
    const size_t size = s->units * numbers_per_unit(s->layer), other = t->units * numbers_per_unit(t->layer);
    return size != other ? (size > other ? -1 : 1) : (s->layer->number < t->layer->number ? -1 : 1);
}

/* Adds the parts of a layer, and its sums of squares. */
static void add_layer(struct update *u, const struct layer *layer) {
    const size_t most = part_units(layer), all = layer->own_units;
    for (size_t unit = 0; unit < all; unit += most)
        u->part[u->parts++] = (struct part){
            .layer = layer, .unit = unit, .units = all - unit < most ? all - unit : most, .sum = u->sums + unit};
    u->sums += layer->own_whole ? 1 : all;
}

static void add_pseudo_inputs(struct update *u) {
    const size_t all = u->pseudo_size, each = (all + PSEUDO_PARTS - 1) / PSEUDO_PARTS;
    for (size_t first = 0; first < all; first += each)
        u->part[u->parts++] = (struct part){
            .offset = u->pseudo_inputs + first, .size = all - first < each ? all - first : each, .sum = u->sums++};
}

/* Makes the parts, in an order in which each thread updates the units whose outputs it computes (see workers_run).
 * 0 or -1. */
static int make_parts(struct update *u) {
    size_t parts = PSEUDO_PARTS, sums = PSEUDO_PARTS;
    for (size_t i = 0; i < u->net->layers; i++) {
        const struct layer *layer = &u->net->layer[i];
        parts += has_gradient(layer) ? layer->own_units / part_units(layer) + 1 : 0;
        sums += layer->own_units;
    }
    u->part = calloc(parts, sizeof *u->part);
    u->squares = calloc(sums, sizeof *u->squares);
    if (u->part == NULL || u->squares == NULL)
        return fail("training: out of memory");
    for (size_t i = 0; i < u->net->layers; i++)
        if (has_gradient(&u->net->layer[i]))
            add_layer(u, &u->net->layer[i]);
    qsort(u->part, u->parts, sizeof *u->part, by_place);
    add_pseudo_inputs(u);
    return 0;
}

/* Returns roughly the number of multiplications of Muon's update of a tensor. */
static double cost(const struct tensor *t) {
    const double rows = (double)tensor_rows(t), columns = (double)tensor_columns(t);
    if (t->kind != TENSOR_MATRIX)
        return 0;
    return rows < columns ? rows * rows * columns : columns * columns * rows;
}

/* Puts the expensive tensors at both ends and the cheap ones in the middle, since threads begin at the ends.
 * `sorted` has room for all of them. */
static void set_matrix_order(struct update *u, size_t *sorted) {
    const struct parameters *p = &u->net->parameters;
    for (size_t i = 0; i < p->count; i++) {
        size_t j = i;
        for (; j > 0 && cost(&p->tensor[sorted[j - 1]]) < cost(&p->tensor[i]); j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = i;
    }
    for (size_t i = 0; i < p->count; i++)
        u->matrix_order[i % 2 == 0 ? i / 2 : p->count - 1 - i / 2] = sorted[i];
}

/* Sets the order of the tensors and allocates the scratch of Muon for each matrix. 0 or -1. */
static int order_tensors(struct update *u) {
    const struct parameters *p = &u->net->parameters;
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

/* Allocates memory for each thread's gradient of a part. 0 or -1. */
static int allocate_own_gradients(struct update *u, size_t threads) {
    for (size_t i = 0; i < u->net->layers; i++) {
        const struct layer *layer = &u->net->layer[i];
        const size_t numbers = has_gradient(layer) ? part_units(layer) * numbers_per_unit(layer) : 0;
        u->own_numbers = numbers > u->own_numbers ? numbers : u->own_numbers;
    }
    u->own_numbers = (u->own_numbers + PANEL - 1) / PANEL * PANEL;
    u->own_gradient = memory_allocate(threads * u->own_numbers * sizeof *u->own_gradient);
    return u->own_gradient == NULL ? fail("training: out of memory for the gradients of %zu threads", threads) : 0;
}

/* Returns whether the gradient of all parts is computed before any part is updated. */
static bool keeps_gradient(const struct update *u) {
    const struct optimizer_config *o = &u->config->optimizer;
    return u->in_splits || o->clip > 0 || o->optimizer->orthogonal;
}

int update_start(struct update *u, size_t threads) {
    const struct optimizer_config *o = &u->config->optimizer;
    if (u->config->ema > 0 && parameters_average(&u->net->parameters) < 0)
        return -1;
    if (o->optimizer->orthogonal && order_tensors(u) < 0)
        return -1;
    if (!keeps_gradient(u) && allocate_own_gradients(u, threads) < 0)
        return -1;
    return make_parts(u);
}

void update_end(struct update *u) {
    for (size_t i = 0; u->scratch != NULL && i < u->net->parameters.count; i++)
        free(u->scratch[i]);
    free(u->scratch);
    free(u->matrix_order);
    free(u->own_gradient);
    free(u->squares);
    free(u->part);
}

static void average(const struct work *w, size_t offset, size_t size) {
    const struct parameters *p = &w->update->net->parameters;
    if (p->average != NULL)
        math_kernel()->average(p->average + offset, p->value + offset, w->ema_weight, size);
}

/* Computes the gradient of a part and writes it to own [layer->owns]. */
static void layer_gradient(const struct work *w, const struct part *part, float *const own[]) {
    const struct update *u = w->update;
    const struct layer *layer = part->layer;
    const float scale = 1.0f / (float)w->step->batch;
    const bool pseudo = u->pseudo != NULL && layer->number < u->pseudo->to;
    struct tile tile = {.unit = part->unit, .units = part->units};
    if (pseudo) {
        tile.rows = u->pseudo->items;
        layer->op->gradient(u->pseudo, layer, &tile, scale, 0, own);
    }
    tile.rows = w->step->items * pass_rows_per_item(u->pass, layer);
    layer->op->gradient(u->pass, layer, &tile, scale, pseudo ? 1 : 0, own);
}

/* Sets own [layer->owns] to the addresses of a part's gradient in the table of parameters. */
static void in_table(const struct update *u, const struct part *part, float *own[LAYER_PARAMETERS]) {
    for (size_t j = 0; j < part->layer->owns; j++) {
        const struct unit_parameters *p = &part->layer->own[j];
        own[j] = u->net->parameters.gradient + p->offset + part->unit * p->each;
    }
}

/* Sets own [layer->owns] to addresses in memory of this thread, which stays in the cache of its processor: for
 * gradients that only one task needs. */
static void in_scratch(const struct update *u, const struct part *part, float *own[LAYER_PARAMETERS]) {
    float *gradient = u->own_gradient + workers_self() * u->own_numbers;
    for (size_t j = 0; j < part->layer->owns; j++) {
        own[j] = gradient;
        gradient += part->units * part->layer->own[j].each;
    }
}

static void adam(const struct work *w, float *gradient, size_t offset, size_t size, float decay) {
    if (!adam_update(&w->adam, decay, &w->update->net->parameters, gradient, offset, size))
        atomic_store(&w->update->overflowed, true);
    average(w, offset, size);
}

/* Updates a part of a layer from its gradient. */
static void adam_layer(const struct work *w, const struct part *part, float *const own[]) {
    const struct layer *layer = part->layer;
    for (size_t j = 0; j < layer->owns; j++) {
        const struct unit_parameters *p = &layer->own[j];
        adam(w, own[j], p->offset + part->unit * p->each, part->units * p->each, p->decays ? w->decay : 1);
        if (layer->op->pack != NULL)
            layer->op->pack(w->update->net, layer, j, part->unit, part->units);
    }
}

/* Updates a part of the pseudo-inputs. */
static void adam_others(const struct work *w, const struct part *part) {
    adam(w, w->update->net->parameters.gradient + part->offset, part->offset, part->size, 1);
}

static void adam_part(void *context, size_t i) {
    const struct work *w = context;
    const struct part *part = &w->update->part[i];
    float *own[LAYER_PARAMETERS];
    if (part->layer == NULL) {
        adam_others(w, part);
        return;
    }
    in_table(w->update, part, own);
    adam_layer(w, part, own);
}

/* Computes the gradient of a part and updates it. */
static void both_of_part(void *context, size_t i) {
    const struct work *w = context;
    const struct part *part = &w->update->part[i];
    float *own[LAYER_PARAMETERS];
    if (part->layer == NULL) {
        adam_others(w, part);
        return;
    }
    in_scratch(w->update, part, own);
    layer_gradient(w, part, own);
    adam_layer(w, part, own);
}

/* Sets the sums of squares of a part's gradient. */
static void set_squares(const struct update *u, const struct part *part, float *const own[]) {
    const struct layer *layer = part->layer;
    const size_t sums = layer->own_whole ? 1 : part->units, units = part->units / sums;
    for (size_t r = 0; r < sums; r++) {
        u->squares[part->sum + r] = 0;
        for (size_t j = 0; j < layer->owns; j++)
            u->squares[part->sum + r] +=
                math_kernel()->squares(own[j] + r * units * layer->own[j].each, units * layer->own[j].each);
    }
}

/* Sets the sums of squares of a part's gradient in the table. */
static void squares_of_part(void *context, size_t i) {
    const struct work *w = context;
    const struct update *u = w->update;
    const struct part *part = &u->part[i];
    float *own[LAYER_PARAMETERS];
    if (part->layer == NULL) {
        u->squares[part->sum] = math_kernel()->squares(u->net->parameters.gradient + part->offset, part->size);
        return;
    }
    in_table(u, part, own);
    set_squares(u, part, own);
}

/* Computes the gradient of a part in the table, if it is of the layers wanted; that of pseudo-inputs is there. */
static void gradient_of_part(void *context, size_t i) {
    const struct work *w = context;
    const struct part *part = &w->update->part[i];
    float *own[LAYER_PARAMETERS];
    if (part->layer == NULL || part->layer->number < w->from || part->layer->number >= w->to)
        return;
    in_table(w->update, part, own);
    layer_gradient(w, part, own);
}

/* The same, and its sums of squares while it is in the cache. */
static void gradient_and_squares(void *context, size_t i) {
    gradient_of_part(context, i);
    squares_of_part(context, i);
}

/* Packs the units whose parameters are in this tensor, if it belongs to a layer that is updated. */
static void pack_tensor(const struct net *net, const struct tensor *t) {
    for (size_t i = 0; i < net->layers; i++) {
        const struct layer *layer = &net->layer[i];
        for (size_t j = 0; has_gradient(layer) && layer->op->pack != NULL && j < layer->owns; j++) {
            const struct unit_parameters *own = &layer->own[j];
            if (t->offset >= own->offset && t->offset < own->offset + layer->own_units * own->each)
                layer->op->pack(net, layer, j, (t->offset - own->offset) / own->each, t->size / own->each);
        }
    }
}

static void muon_tensor(void *context, size_t i) {
    const struct work *w = context;
    struct parameters *p = &w->update->net->parameters;
    const size_t number = w->update->matrix_order[i];
    const struct tensor *t = &p->tensor[number];
    if (t->kind == TENSOR_PLAIN) {
        adam(w, p->gradient + t->offset, t->offset, t->size, 1);
    } else if (t->kind == TENSOR_MATRIX) {
        if (!muon_update(w->step->rate, w->scale, w->decay, p, t, w->update->scratch[number]))
            atomic_store(&w->update->overflowed, true);
        average(w, t->offset, t->size);
    }
    pack_tensor(w->update->net, t);
}

/* Returns the factor that reduces the norm of the gradient to the maximum; 1 if it is not above the maximum. */
static double clipping(struct update *u) {
    double squares = 0;
    for (size_t i = 0; i < u->sums; i++)
        squares += u->squares[i];
    const double clip = u->config->optimizer.clip, norm = sqrt(squares);
    if (!isfinite(norm))
        atomic_store(&u->overflowed, true);
    return clip > 0 && norm > clip ? clip / norm : 1;
}

/* Returns 1 - decay of the moving average. The decay is smaller in the first steps, so the initial weights fade
 * fast. */
static float ema_weight_at(double ema, uint64_t step) {
    const double young = (double)step / ((double)step + 10);
    return (float)(1 - (ema < young ? ema : young));
}

void update_gradient(struct update *u, struct workers *workers, const struct step *step, size_t from, size_t to) {
    struct work work = {.update = u, .step = step, .from = from, .to = to};
    workers_run(workers, u->parts, gradient_of_part, &work);
}

bool update_run(struct update *u, struct workers *workers, const struct step *step) {
    const struct optimizer_config *o = &u->config->optimizer;
    const bool orthogonal = o->optimizer->orthogonal, clips = o->clip > 0;
    struct work work = {.update = u,
                        .step = step,
                        .to = u->net->layers,
                        .scale = 1,
                        .decay = (float)(1 - step->rate * o->weight_decay),
                        .ema_weight = ema_weight_at(u->config->ema, step->number)};
    if (u->in_splits && clips)
        workers_run(workers, u->parts, squares_of_part, &work);
    else if (!u->in_splits && (clips || orthogonal))
        workers_run(workers, u->parts, clips ? gradient_and_squares : gradient_of_part, &work);
    if (clips)
        work.scale = clipping(u);
    work.adam = adam_step(o, step->rate, work.scale, step->number);
    if (orthogonal)
        workers_run(workers, u->net->parameters.count, muon_tensor, &work);
    else
        workers_run(workers, u->parts, keeps_gradient(u) ? adam_part : both_of_part, &work);
    return !atomic_load(&u->overflowed);
}
