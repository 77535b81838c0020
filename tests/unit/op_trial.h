/* SPDX-License-Identifier: MIT */
#ifndef UNIT_OP_TRIAL_H
#define UNIT_OP_TRIAL_H

#include "base/noise.h"
#include "base/number.h"
#include "nn/division.h"
#include "nn/plan.h"
#include "op_cases.h"

#include <stdlib.h>

/* A net under test, and the loss that its references give: the sum of the outputs' numbers, each times a random
 * one, and what the references add. */

#define X_WIDTH 31 /* numbers of an item: so many that a likelihood of 2100 elements is cut into parts */
#define MAX_READERS 3

/* A layer of a net under test, and copies in double of what its reference reads. */
struct tested {
    const struct op_case *c;
    size_t layer;
    double *in[LAYER_INPUTS], *base, *own[LAYER_PARAMETERS], *out;
    const size_t *only;               /* see struct reference_row */
    float *gradient;                  /* with respect to the output: random numbers */
    double *wanted[LAYER_PARAMETERS]; /* the gradient with respect to own[], */
    double *wanted_in[LAYER_INPUTS];  /* and to the inputs */
};

/* A net: x, a linear layer that the readers read (the root), their other inputs, and the readers. */
struct trial {
    const char *name;
    struct net net;
    struct pass pass;
    size_t items;
    struct tested root, reader[MAX_READERS];
    size_t readers;
    bool shared; /* the root has an activation, and its gradient is checked instead of that of the inputs */
    struct objective objective;
    struct step step;
    float *trace; /* all results of the first division */
    size_t traced, used;
};

static int no_infer(struct net *net, struct layer *layer) {
    (void)net, (void)layer;
    return 0;
}

/* An input with one row per draw. */
static const struct op op_draws = {.name = "draws", .draws = true, .infer = no_infer};

static size_t add_input(struct net *net, const char *name, size_t width, bool draws) {
    const size_t input =
        draws ? net_add(net, &op_draws, name, NULL, 0, 0, NULL) : net_input_layer(net, name, width);
    net->layer[input].width = net->layer[input].units = width;
    return input;
}

static const struct layer *layer_of(const struct trial *t, const struct tested *x) {
    return &t->net.layer[x->layer];
}

static size_t rows_of(const struct trial *t, const struct layer *layer) {
    return t->items * pass_rows_per_item(&t->pass, layer);
}

/* Random numbers, the same for the same number of the sequence. */
static void fill(float *x, size_t n, float scale, uint64_t sequence) {
    noise_normal(x, n, (struct noise){.seed = 11, .item = sequence});
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

/* Elements of items, as the case describes them. */
static void fill_items(const struct op_case *c, float *x, size_t n) {
    fill(x, n, 1, 2);
    for (size_t i = 0; i < n; i++) {
        if (c->levels > 0)
            x[i] = (float)((i * 7 + i / 3) % c->levels);
        if (c->missing && i % 3 == 1)
            x[i] = NAN;
        if (c->unknown && i % 4 == 2)
            x[i] = -1;
    }
}

static double *doubles(size_t n) {
    return calloc(n + 1, sizeof(double));
}

static void to_double(double *to, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* Allocates the copies, and sets those of the parameters and the output's gradient. */
static void prepare(const struct trial *t, struct tested *x, uint64_t sequence) {
    const struct layer *layer = layer_of(t, x);
    const size_t rows = rows_of(t, layer);
    for (size_t i = 0; i < layer->inputs; i++) {
        const struct layer *in = net_input(&t->net, layer, i);
        x->in[i] = doubles(rows_of(t, in) * in->width);
        x->wanted_in[i] = doubles(rows_of(t, in) * in->width);
    }
    const struct layer *in = net_input(&t->net, layer, 0);
    x->base = doubles(rows_of(t, in) * in->width);
    for (size_t j = 0; j < LAYER_PARAMETERS; j++) {
        const size_t n = layer->own_units * layer->own[j].each;
        x->own[j] = doubles(n);
        x->wanted[j] = doubles(n);
        to_double(x->own[j], t->net.parameters.value + layer->own[j].offset, n);
    }
    x->out = doubles(layer->width);
    x->gradient = calloc(rows * layer->width + 1, sizeof *x->gradient);
    fill(x->gradient, rows * layer->width, 1, sequence);
}

static void release(struct tested *x) {
    for (size_t i = 0; i < LAYER_INPUTS; i++) {
        free(x->in[i]);
        free(x->wanted_in[i]);
    }
    for (size_t j = 0; j < LAYER_PARAMETERS; j++) {
        free(x->own[j]);
        free(x->wanted[j]);
    }
    free(x->base);
    free(x->out);
    free(x->gradient);
}

/* Reads the inputs, before the layer changes them. */
static void capture(const struct trial *t, struct tested *x) {
    const struct layer *layer = layer_of(t, x);
    for (size_t i = 0; i < layer->inputs; i++) {
        const struct layer *in = net_input(&t->net, layer, i);
        to_double(x->in[i], t->pass.value[in->number].out, rows_of(t, in) * in->width);
    }
    to_double(x->base, t->pass.value[layer->in[0]].out,
              rows_of(t, net_input(&t->net, layer, 0)) * net_input(&t->net, layer, 0)->width);
}

/* The reference's output of a row -> x->out. */
static double row_loss(const struct trial *t, const struct tested *x, size_t row, double *term) {
    const struct layer *layer = layer_of(t, x);
    struct reference_row r = {.c = x->c,
                              .pass = &t->pass,
                              .layer = layer,
                              .row = row,
                              .gradient = x->gradient + row * layer->width,
                              .only = x->only};
    for (size_t j = 0; j < LAYER_PARAMETERS; j++)
        r.own[j] = x->own[j];
    for (size_t i = 0; i < layer->inputs; i++) {
        const struct layer *in = net_input(&t->net, layer, i);
        const size_t each = pass_rows_per_item(&t->pass, layer) / pass_rows_per_item(&t->pass, in);
        r.width[i] = in->width;
        r.in[i] = x->in[i] + row / each * in->width;
        if (i == 0)
            r.base = x->base + row / each * in->width;
    }
    double loss = x->c->reference(&r, x->out, term);
    for (size_t i = 0; i < layer->width; i++)
        loss += (double)x->gradient[row * layer->width + i] * x->out[i];
    return loss;
}

/* Of many numbers only some are checked: fewer of the parameters of a reader among others, since each op's are
 * checked where it is alone. */
static size_t stride(size_t n) {
    return (n / 400) | 1;
}

static size_t parameter_stride(const struct trial *t, const struct tested *x, size_t n) {
    return t->shared && x != &t->root ? (n / 50) | 1 : stride(n);
}

/* What rows of a layer add to the loss. */
static double loss_of(const struct trial *t, const struct tested *x, size_t row, size_t rows) {
    double loss = 0, term = 0;
    for (size_t end = row + rows; row < end; row++)
        loss += row_loss(t, x, row, &term);
    return loss;
}

/* The central difference of that loss with respect to *number, which the reference of these rows alone reads. */
static double slope(const struct trial *t, const struct tested *x, double *number, size_t row, size_t rows) {
    const double h = 1e-5, before = *number;
    *number = before + h;
    const double above = loss_of(t, x, row, rows);
    *number = before - h;
    const double below = loss_of(t, x, row, rows);
    *number = before;
    return (above - below) / (2 * h);
}

/* A layer's parameters -> wanted. */
static void want_parameters(const struct trial *t, struct tested *x) {
    const struct layer *layer = layer_of(t, x);
    for (size_t j = 0; j < layer->owns; j++) {
        const size_t n = layer->own_units * layer->own[j].each;
        for (size_t i = 0; i < n; i += parameter_stride(t, x, n)) {
            const size_t unit = i / layer->own[j].each;
            x->only = &unit;
            x->wanted[j][i] = slope(t, x, &x->own[j][i], 0, rows_of(t, layer));
        }
    }
    x->only = NULL;
}

/* A layer's input number k -> wanted_in[k]; of a shared one each number is needed. */
static void want_input(const struct trial *t, struct tested *x, size_t k) {
    const struct layer *layer = layer_of(t, x), *in = net_input(&t->net, layer, k);
    const size_t n = rows_of(t, in) * in->width,
                 each = pass_rows_per_item(&t->pass, layer) / pass_rows_per_item(&t->pass, in);
    for (size_t i = 0; i < n; i += t->shared ? 1 : stride(n))
        x->wanted_in[k][i] = slope(t, x, &x->in[k][i], i / in->width * each, each);
}

/* The gradient with respect to the root's output is the sum of those with respect to the inputs that it is. */
static void want_root(struct trial *t) {
    const struct layer *root = layer_of(t, &t->root);
    for (size_t i = 0; i < rows_of(t, root) * root->width; i++) {
        double sum = 0;
        for (size_t k = 0; k < t->readers * LAYER_INPUTS; k++) {
            const struct tested *x = &t->reader[k / LAYER_INPUTS];
            const struct layer *layer = layer_of(t, x);
            if (k % LAYER_INPUTS < layer->inputs && layer->in[k % LAYER_INPUTS] == root->number)
                sum += x->wanted_in[k % LAYER_INPUTS][i];
        }
        t->root.gradient[i] = (float)sum;
    }
    want_parameters(t, &t->root);
}

/* Central differences of all that is checked, after a forward pass. */
static void want_gradients(struct trial *t) {
    for (size_t k = 0; k < t->readers; k++) {
        struct tested *x = &t->reader[k];
        want_parameters(t, x);
        for (size_t i = 0; i < layer_of(t, x)->inputs; i++)
            if (i == 0 ? x->c->reading != ITEMS : x->c->learns_second)
                want_input(t, x, i);
    }
    if (t->shared)
        want_root(t);
}

/* How a pass is cut into tiles. Units are multiples of PANEL. */
struct tiling {
    size_t items, units;
};

static void run_forward(struct pass *p, const struct layer *layer, const struct tile *tile,
                        const struct step *step) {
    (void)step;
    pass_layer_forward(p, layer, tile);
}

static void run_activation(struct pass *p, const struct layer *layer, const struct tile *tile,
                           const struct step *step) {
    (void)step;
    layer->op->backward_activation(p, layer, tile);
}

/* Runs a function for all rows and `units` units of a layer, in tiles of at most `most` units, and of whole ranges
 * of a ranged layer. */
static void in_tiles(struct trial *t, const struct layer *layer, const struct tiling *d, size_t units, size_t most,
                     void (*run)(struct pass *, const struct layer *, const struct tile *, const struct step *)) {
    const size_t draws = pass_rows_per_item(&t->pass, layer),
                 range = layer->ranged ? pass_range_items(&t->pass, layer) : 1,
                 each = divide_up(d->items, range) * range;
    for (size_t unit = 0; unit < units; unit += most)
        for (size_t item = 0; item < t->items; item += each) {
            const size_t items = smaller(t->items - item, each);
            const struct tile tile = {.row = item * draws,
                                      .rows = items * draws,
                                      .unit = unit,
                                      .units = units - unit < most ? units - unit : most,
                                      .part = unit / most};
            run(&t->pass, layer, &tile, &t->step);
        }
}

/* Units of a tile. An op without weights takes all; one with sums over its units, as many as its parts have. */
static size_t tile_units(const struct layer *layer, const struct tiling *d, bool back) {
    const size_t all = 10000, parts = division_parts(layer);
    if (layer->weights == 0 || (layer->terms > 0 && (back || parts == 1)))
        return all;
    return layer->terms > 0 ? (layer->units / parts / PANEL + 1) * PANEL : d->units;
}

static void forget_array(float *x, size_t n) {
    for (size_t i = 0; x != NULL && i < n; i++)
        x[i] = NAN;
}

/* What an earlier pass has left must not stand for what this one does not write. */
static void forget(struct trial *t) {
    for (size_t i = 0; i < t->net.layers; i++) {
        const struct layer *layer = &t->net.layer[i];
        const struct value *v = pass_value(&t->pass, layer);
        if (layer->inputs == 0)
            continue;
        forget_array(v->out, rows_of(t, layer) * layer->width);
        forget_array(v->dout, rows_of(t, layer) * layer->width);
        forget_array(v->saved, rows_of(t, layer) * layer->saved);
        forget_array(v->partial, layer->ranged
                                     ? (1 + divide_up(t->items, pass_range_items(&t->pass, layer))) * layer->partial
                                     : 0);
        forget_array(v->panels, pass_panel(&t->pass, layer) * ((layer->width + PANEL - 1) / PANEL));
    }
}

static void forward(struct trial *t, const struct tiling *d) {
    forget(t);
    for (size_t i = 0; i < t->net.layers; i++) {
        const struct layer *layer = &t->net.layer[i];
        for (size_t k = 0; k < t->readers; k++)
            if (t->reader[k].layer == i)
                capture(t, &t->reader[k]);
        if (layer->op->forward != NULL)
            in_tiles(t, layer, d, layer->units, tile_units(layer, d, false), run_forward);
    }
}

static void backward(struct trial *t, const struct tiling *d) {
    for (size_t k = 0; k < t->readers; k++) {
        const struct layer *layer = layer_of(t, &t->reader[k]);
        float *dout = pass_value(&t->pass, layer)->dout;
        if (dout != NULL)
            memcpy(dout, t->reader[k].gradient, rows_of(t, layer) * layer->width * sizeof *dout);
        if (dout != NULL && layer->op->backward_activation != NULL)
            in_tiles(t, layer, d, layer->width, d->units, run_activation);
    }
    for (size_t i = t->net.layers; i-- > 0;) {
        const struct layer *layer = &t->net.layer[i];
        if (layer->op->gradient_of_range != NULL)
            in_tiles(t, layer, d, layer->width, layer->width, layer->op->gradient_of_range);
        if (layer->op->backward_inputs > 0 && pass_input(&t->pass, layer, 0)->dout != NULL)
            in_tiles(t, layer, d, net_input(&t->net, layer, 0)->width, tile_units(layer, d, true),
                     pass_layer_backward);
    }
    for (size_t part = 0; part < 3; part++)
        pass_sum(&t->pass, t->items, part, 3);
}

#endif
