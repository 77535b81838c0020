/* SPDX-License-Identifier: MIT */
#include "nn/pass.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/workers.h"
#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"
#include "nn/division.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)
#define MICRO_BATCH_BYTES ((size_t)16 << 20) /* of the values that are kept for one micro-batch */

/* All arrays are in one allocation. The first call of lay_out, with memory NULL, computes its size; later ones set
 * the arrays. */
struct arena {
    char *memory;
    size_t used;
};

/* Returns row `first` of an array. */
static void *take(struct arena *arena, size_t rows, size_t columns, size_t size, size_t first) {
    void *array = arena->memory == NULL ? NULL : arena->memory + arena->used + first * columns * size;
    arena->used += divide_up(rows * columns * size, ALIGNMENT) * ALIGNMENT;
    return array;
}

static size_t rows_of(const struct pass *p, const struct layer *layer) {
    return p->items * pass_rows_per_item(p, layer);
}

/* Returns the number of the micro-batch's first row. */
static size_t first_of(const struct pass *p, const struct layer *layer) {
    return p->first * pass_rows_per_item(p, layer);
}

/* Returns an array with one row for each row of the layer, or for each row of a micro-batch if the layer is kept
 * for one only. */
static float *take_rows(const struct pass *p, struct arena *arena, const struct layer *layer, size_t columns) {
    return pass_value(p, layer)->per_micro_batch
               ? take(arena, p->micro_batch * pass_rows_per_item(p, layer), columns, sizeof(float), 0)
               : take(arena, rows_of(p, layer), columns, sizeof(float), first_of(p, layer));
}

/* Returns the rows of the panels of an output, which is one more than those of the output. Otherwise neighbouring
 * panels would use the same cache lines if the number of rows is a power of two. */
static size_t panel_rows(const struct pass *p, const struct layer *layer) {
    return rows_of(p, layer) + 1;
}

size_t pass_panel(const struct pass *p, const struct layer *layer) {
    return panel_rows(p, layer) * PANEL;
}

size_t pass_range_items(const struct pass *p, const struct layer *layer) {
    size_t items = divide_up(p->items, PASS_RANGES);
    while (items * pass_rows_per_item(p, layer) < layer->range_rows && items < p->items)
        items *= 2;
    return items;
}

static void lay_out_gradient(struct pass *p, struct arena *arena, const struct layer *layer) {
    struct value *v = pass_value(p, layer);
    v->saved = take_rows(p, arena, layer, layer->saved);
    if (layer->op->in_place)
        v->dout = pass_input(p, layer, 0)->dout;
    else if (layer->differentiable)
        v->dout = layer->replaced ? v->out : take_rows(p, arena, layer, layer->width);
    v->partial = take(arena, layer->ranged ? 1 + divide_up(p->micro_batch, pass_range_items(p, layer)) : 0,
                      layer->partial, sizeof(float), 0);
    if (layer->packs && products()->packed)
        v->panels = (float *)take(arena, 1, panels_size(panel_rows(p, layer), layer->width), sizeof(float), 0) +
                    first_of(p, layer) * PANEL;
}

/* Returns the floats of one thread's scratch: whole cache lines, so that threads do not share any. */
static size_t scratch_size(const struct pass *p) {
    const size_t line = ALIGNMENT / sizeof(float);
    size_t most = 0;
    for (size_t i = p->from; i < p->to; i++)
        most = larger(most, p->net->layer[i].scratch);
    return divide_up(most, line) * line;
}

float *pass_scratch(const struct pass *p) {
    return p->scratch + workers_self() * scratch_size(p);
}

static void lay_out(struct pass *p, struct arena *arena) {
    for (size_t i = p->from; i < p->to; i++) {
        const struct layer *layer = &p->net->layer[i];
        struct value *v = &p->value[i];
        v->out = layer->op->in_place ? pass_input(p, layer, 0)->out : take_rows(p, arena, layer, layer->width);
        v->kept = take_rows(p, arena, layer, layer->kept);
        v->parts = p->trains ? division_parts(layer) : 1;
        v->term = (double *)take(arena, layer->terms * v->parts, rows_of(p, layer), sizeof(double), 0) +
                  first_of(p, layer);
        if (p->trains)
            lay_out_gradient(p, arena, layer);
    }
    p->weight = p->trains ? take(arena, p->items, p->draws, sizeof(float), p->first) : NULL;
    p->scratch = take(arena, p->threads, scratch_size(p), sizeof(float), 0);
}

void pass_set_micro_batch(struct pass *pass, size_t first) {
    struct arena arena = {pass->memory, 0};
    pass->first = first;
    lay_out(pass, &arena);
}

void pass_sum(struct pass *p, size_t items, size_t part, size_t parts) {
    for (size_t i = p->from; i < p->to; i++) {
        const struct layer *layer = &p->net->layer[i];
        const size_t all = layer->partial, first = all * part / parts, n = all * (part + 1) / parts - first;
        float *sum = pass_value(p, layer)->partial + first;
        const size_t ranges = n == 0 ? 0 : divide_up(items, pass_range_items(p, layer));
        for (size_t range = 0; range < ranges; range++)
            if (p->first == 0 && range == 0)
                memcpy(sum, sum + all, n * sizeof *sum);
            else
                math_kernel()->add(sum, sum + (1 + range) * all, n);
    }
}

/* Returns whether the layer's op->gradient, which is called after all micro-batches, may read the outputs of its
 * inputs. */
static bool needs_later(const struct layer *layer) {
    return layer->owns > 0 && !layer->ranged && !layer->op->reads_panels;
}

/* Marks the layers that only other layers of the same micro-batch need: ranged ones, whose gradients are computed
 * in the backward pass. */
static void mark_layers(struct pass *p) {
    for (size_t i = p->from; i < p->to; i++)
        p->value[i].per_micro_batch = p->net->layer[i].ranged && !p->net->layer[i].op->in_place;
    for (size_t i = p->from; i < p->to; i++) {
        const struct layer *reader = &p->net->layer[i];
        for (size_t j = 0; j < reader->inputs; j++)
            if (needs_later(reader) || reader->op->in_place)
                pass_input(p, reader, j)->per_micro_batch = false;
    }
}

/* Returns the items of the longest range of a layer; all others are a part of it. */
static size_t longest_range(const struct pass *p) {
    size_t longest = divide_up(p->items, PASS_RANGES);
    for (size_t i = p->from; i < p->to; i++)
        if (p->net->layer[i].ranged)
            longest = larger(longest, pass_range_items(p, &p->net->layer[i]));
    return longest;
}

/* Returns the items of a micro-batch: whole ranges, as many for each thread, whose values are of about
 * MICRO_BATCH_BYTES. */
static size_t micro_batch_items(const struct pass *p) {
    const size_t each = longest_range(p) * p->threads;
    size_t numbers = 0;
    for (size_t i = p->from; i < p->to; i++) {
        const struct layer *layer = &p->net->layer[i];
        if (p->value[i].per_micro_batch)
            numbers += pass_rows_per_item(p, layer) * (2 * layer->width + layer->kept + layer->saved);
    }
    if (numbers == 0)
        return p->items;
    return smaller(p->items, larger(MICRO_BATCH_BYTES / (each * numbers * sizeof(float)), 1) * each);
}

/* Returns the greatest width of an array. */
static size_t widest(const struct net *net) {
    size_t most = 1;
    for (size_t i = 0; i < net->layers; i++) {
        const struct layer *layer = &net->layer[i];
        most = larger(most, larger(layer->width, larger(layer->kept, layer->saved)));
        most = larger(most, larger(layer->scratch, layer->partial));
    }
    return most;
}

int pass_create(struct pass *pass, const struct net *net, size_t from, size_t to, const struct pass_size *size) {
    struct arena arena = {NULL, 0};
    size_t numbers;
    *pass = (struct pass){.net = net,
                          .from = from,
                          .to = to,
                          .items = size->items,
                          .micro_batch = size->items,
                          .draws = size->draws,
                          .threads = size->threads > 0 ? size->threads : 1,
                          .trains = size->trains};
    if (products_setup() < 0)
        return -1;
    /* There are fewer than 4000 arrays. Most have at most items x draws x widest numbers; partial gradients have
     * 1 + PASS_RANGES times `widest`, scratch has `threads` times that, and panels are padded to at most 32 times
     * their numbers. */
    if (!multiply(size->items, size->draws, &numbers) || !multiply(numbers, widest(net), &numbers) ||
        numbers > SIZE_MAX / 65536)
        return fail("model: %zu items of %zu draws at a time are too many for %zu units, wanted fewer", size->items,
                    size->draws, widest(net));
    pass->value = calloc(net->layers, sizeof *pass->value);
    if (pass->value == NULL)
        return fail("model: out of memory for the values of its layers");
    /* With OpenBLAS gradients read outputs and no panels, and bits depend on the rows of a product. */
    const bool in_micro_batches = size->in_micro_batches && products()->packed;
    if (in_micro_batches) {
        mark_layers(pass);
        pass->micro_batch = micro_batch_items(pass);
    }
    lay_out(pass, &arena);
    pass->memory = memory_allocate(arena.used);
    /* Rather fewer items at a time, which leaves some threads idle, than none. */
    while (pass->memory == NULL && in_micro_batches && pass->micro_batch > longest_range(pass)) {
        pass->micro_batch = divide_up(pass->micro_batch / 2, longest_range(pass)) * longest_range(pass);
        arena.used = 0;
        lay_out(pass, &arena);
        pass->memory = memory_allocate(arena.used);
    }
    if (pass->memory == NULL)
        return fail("model: out of memory for %zu items at a time (%zu bytes)", pass->micro_batch, arena.used);
    pass_set_micro_batch(pass, 0);
    return 0;
}

size_t pass_row_bytes(const struct net *net, size_t from, size_t to) {
    size_t bytes = 0;
    for (size_t i = from; i < to; i++) {
        const struct layer *layer = &net->layer[i];
        bytes += ((layer->op->in_place ? 0 : layer->width) + layer->kept) * sizeof(float) +
                 layer->terms * sizeof(double);
    }
    return bytes;
}

void pass_free(struct pass *pass) {
    free(pass->value);
    free(pass->memory);
    *pass = (struct pass){0};
}

double *pass_term(const struct pass *p, const struct layer *layer, size_t term, size_t part) {
    const struct value *v = pass_value(p, layer);
    return v->term + (term * v->parts + (v->parts == 1 ? 0 : part)) * rows_of(p, layer);
}

double pass_term_sum(const struct pass *p, const struct layer *layer, size_t term, size_t row) {
    double sum = 0;
    for (size_t part = 0; part < pass_value(p, layer)->parts; part++)
        sum += pass_term(p, layer, term, part)[row];
    return sum;
}

static void pack(const struct pass *p, const struct layer *layer, size_t row, size_t rows, size_t column,
                 size_t columns) {
    const struct value *v = pass_value(p, layer);
    const size_t panel = pass_panel(p, layer);
    if (v->panels != NULL)
        product_kernel()->pack(v->out + row * layer->width + column, layer->width, rows, columns,
                               v->panels + column / PANEL * panel + row * PANEL, panel);
}

void pass_pack(struct pass *p, const struct layer *layer, size_t row, size_t rows) {
    pack(p, layer, row, rows, 0, layer->width);
}

void pass_layer_forward(struct pass *p, const struct layer *layer, const struct tile *tile) {
    const size_t each = layer->width / layer->units;
    layer->op->forward(p, layer, tile);
    pack(p, layer, tile->row, tile->rows, tile->unit * each, tile->units * each);
}

/* Goes back through the activation of input i if the layer completes the gradient of this input. */
static void complete(struct pass *p, const struct layer *layer, size_t i, const struct tile *tile) {
    const struct layer *input = net_input(p->net, layer, i);
    const size_t draws = pass_rows_per_item(p, layer) / pass_rows_per_item(p, input);
    if (!layer->completes[i] || input->op->backward_activation == NULL)
        return;
    const struct tile whole = {.row = tile->row / draws, .rows = tile->rows / draws, .units = input->width};
    input->op->backward_activation(p, input, i == 0 && draws == 1 ? tile : &whole);
}

void pass_layer_backward(struct pass *p, const struct layer *layer, const struct tile *tile,
                         const struct step *step) {
    layer->op->backward(p, layer, tile, step);
    for (size_t i = 0; i < net_backward_inputs(layer); i++)
        if (pass_input(p, layer, i)->dout != NULL)
            complete(p, layer, i, tile);
}

void pass_forward(struct pass *p, size_t from, size_t to, size_t first, size_t items) {
    for (size_t i = from; i < to; i++) {
        const struct layer *layer = &p->net->layer[i];
        const size_t draws = pass_rows_per_item(p, layer);
        if (layer->op->forward != NULL)
            pass_layer_forward(p, layer,
                               &(struct tile){.row = first * draws, .rows = items * draws, .units = layer->units});
    }
}
