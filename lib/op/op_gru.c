/* SPDX-License-Identifier: MIT */
/* Gated recurrent units, see layer/gru.h. in[0] is a vector, the same at each position, and in[1] the tokens of the
 * positions; or in[0] alone is a sequence, a picture of T x 1 positions. The output is the sequence of states, or
 * the last one. */
#include "nn/graph.h"
#include "nn/pass.h"
#include "layer/gru.h"
#include "op/hidden.h"
#include "op/ops.h"

static const struct gru *gru_of(const struct layer *layer) {
    return layer->options;
}

static void add_tensors(struct net *net, struct layer *layer) {
    static const char *const names[GRU_PARAMETERS] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    const struct gru *g = gru_of(layer);
    const size_t each[GRU_PARAMETERS] = {g->tokens + g->in, g->units, 1, 1};
    layer->owns = GRU_PARAMETERS;
    layer->own_units = 3 * g->units;
    for (size_t j = 0; j < GRU_PARAMETERS; j++) {
        const bool matrix = j == GRU_INPUT || j == GRU_HIDDEN;
        layer->own[j] =
            (struct unit_parameters){net_add_tensor(net, layer->name, matrix ? TENSOR_MATRIX : TENSOR_PLAIN,
                                                    names[j], layer->own_units, matrix ? each[j] : 0),
                                     each[j], matrix};
    }
}

static int infer(struct net *net, struct layer *layer) {
    struct gru *g = layer->options;
    const struct image *in = &net_input(net, layer, 0)->image;
    g->sequence = layer->inputs == 1;
    g->positions = g->sequence ? image_positions(in) : net_input(net, layer, 1)->width;
    g->in = g->sequence ? in->channels : image_size(in);
    layer->image = g->last ? (struct image){1, 1, g->units} : (struct image){g->positions, 1, g->units};
    if (net_check_image(net, layer->name, &(struct image){g->positions, 1, 5 * g->units}) < 0)
        return -1;
    layer->width = image_size(&layer->image);
    layer->kept = gru_kept(g);
    layer->saved = g->sequence ? 0 : 3 * g->units;
    layer->scratch = gru_scratch(g);
    layer->ranged = true;
    layer->range_rows = GRU_ROWS;
    layer->partial = gru_partial(g);
    layer->multiply_adds = 3 * g->units * (g->in * (g->sequence ? g->positions : 1) + g->units * g->positions);
    for (int d = 0; d < DIRECTIONS; d++)
        layer->packed_size[d] = gru_packed_size(g, (enum direction)d);
    add_tensors(net, layer);
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    const struct gru *g = gru_of(layer);
    float *value = net->parameters.value;
    for (size_t j = GRU_INPUT; j <= GRU_HIDDEN; j++)
        initializer_run(initializer, layer->own[j].each, layer->own_units, g->units, seed,
                        number + ((uint64_t)j << 32), value + layer->own[j].offset,
                        value + layer->own[j + GRU_INPUT_BIAS].offset);
}

static struct gru_weights weights_of(const struct net *net, const struct layer *layer) {
    struct gru_weights w;
    for (size_t j = 0; j < GRU_PARAMETERS; j++)
        w.own[j] = net->parameters.value + layer->own[j].offset;
    for (int d = 0; d < DIRECTIONS; d++)
        w.packed[d] = layer->packed[d];
    return w;
}

static struct gru_rows rows_of(const struct pass *pass, const struct layer *layer) {
    const struct value *v = pass_value(pass, layer);
    struct gru_rows r = {.draws = pass_rows_per_item(pass, layer),
                         .in = pass_input(pass, layer, 0)->out,
                         .kept = v->kept,
                         .out = v->out,
                         .dout = v->dout,
                         .saved = v->saved,
                         .scratch = pass_scratch(pass)};
    if (layer->inputs > 1)
        r.token = pass_input(pass, layer, 1)->out;
    return r;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct gru_weights w = weights_of(pass->net, layer);
    const struct gru_rows r = rows_of(pass, layer);
    gru_forward(gru_of(layer), &w, &r, t->row, t->rows);
}

static void forward_position(struct pass *pass, const struct layer *layer, const struct tile *t, size_t position) {
    const struct gru_weights w = weights_of(pass->net, layer);
    const struct gru_rows r = rows_of(pass, layer);
    if (position == 0)
        gru_begin(gru_of(layer), &w, &r, t->row, t->rows);
    gru_position(gru_of(layer), &w, &r, t->row, t->rows, position);
}

/* Goes back through the positions first, since all gradients are of the gates. */
static void gradient_of_range(struct pass *pass, const struct layer *layer, const struct tile *t,
                              const struct step *step) {
    const struct gru_weights w = weights_of(pass->net, layer);
    const struct gru_rows r = rows_of(pass, layer);
    const size_t range = pass_range_rows(pass, layer), end = t->row + t->rows;
    (void)step;
    gru_backward(gru_of(layer), &w, &r, t->row, t->rows);
    for (size_t row = t->row; row < end; row += range)
        gru_gradient(gru_of(layer), &r, row, end - row < range ? end - row : range, pass_partial(pass, layer, row));
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct gru_weights w = weights_of(pass->net, layer);
    const struct gru_rows r = rows_of(pass, layer);
    (void)step;
    gru_backward_input(gru_of(layer), &w, &r, t->row, t->rows, pass_input(pass, layer, 0)->dout,
                       layer->adds[0] ? 1 : 0);
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *t, float scale, float beta,
                     float *const own[]) {
    gru_order(gru_of(layer), pass_value(pass, layer)->partial, t->unit, t->units, scale, beta, own);
}

static void pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    const struct gru_weights w = weights_of(net, layer);
    if (j == GRU_INPUT || j == GRU_HIDDEN)
        gru_pack(gru_of(layer), &w, j, unit, units);
}

static size_t describe(struct graph *graph, const struct layer *layer) {
    const struct gru *g = gru_of(layer);
    const struct gru_weights w = weights_of(graph->net, layer);
    struct node node = {.kind = NODE_GRU,
                        .inputs = 1,
                        .in = {graph_input(graph, layer, 0)},
                        .image = layer->image,
                        .weight = w.own[GRU_INPUT],
                        .bias = w.own[GRU_INPUT_BIAS],
                        .state_weight = w.own[GRU_HIDDEN],
                        .state_bias = w.own[GRU_HIDDEN_BIAS]};
    if (g->tokens > 0) {
        node.kind = NODE_GRU_CELL;
        node.image = (struct image){1, 1, g->units};
        node.levels = g->tokens;
        node.positions = g->positions;
    }
    return graph_add(graph, layer, node);
}

const struct op op_gru = {.name = "gru",
                          .backward_inputs = 1,
                          .recurrent = true,
                          .infer = infer,
                          .initialise = initialise,
                          .forward = forward,
                          .forward_position = forward_position,
                          .backward = backward,
                          .gradient_of_range = gradient_of_range,
                          .gradient = gradient,
                          .pack = pack,
                          .describe = describe};

size_t net_gru(struct net *net, const char *name, size_t in, size_t units, bool last) {
    const struct gru options = {.units = units, .last = last};
    return net_add(net, &op_gru, name, &options, sizeof options, 1, &in);
}

size_t net_gru_of_tokens(struct net *net, const char *name, size_t in, size_t token, size_t tokens, size_t units) {
    const struct gru options = {.units = units, .tokens = tokens};
    return net_add(net, &op_gru, name, &options, sizeof options, 2, (const size_t[]){in, token});
}

/* The states of all positions have `positions` rows; without them, only the last state is read. */
static struct image shape(const struct hidden_layer *layer, const struct image *in) {
    return (struct image){in->height, 1, layer->argument[0]};
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    return place->previous == NO_LAYER
               ? net_gru(place->net, place->name, place->in, layer->argument[0], !place->continues)
               : net_gru_of_tokens(place->net, place->name, place->in, place->previous, place->tokens,
                                   layer->argument[0]);
}

const struct hidden_kind hidden_kind_gru = {
    .name = "gru", .usage = "gru:UNITS", .counts = 1 << 1, .recurrent = true, .shape = shape, .add = add_hidden};
