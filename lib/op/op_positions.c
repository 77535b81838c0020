/* SPDX-License-Identifier: MIT */
/* A linear layer of each position of a picture or a sequence, with the same weights: y = x W' + b, for x
 * [positions, in]. */
#include "base/number.h"
#include "layer/linear.h"
#include "nn/graph.h"
#include "nn/pass.h"
#include "op/ops.h"
#include "layer/outer.h"

#include <string.h>

enum { WEIGHT, BIAS };

struct options {
    size_t units, in, positions;
};

#define BLOCK ((size_t)32) /* rows of which one position is computed together */

static const struct options *options_of(const struct layer *layer) {
    return layer->options;
}

static struct linear linear_of(const struct net *net, const struct layer *layer) {
    const struct options *o = options_of(layer);
    return (struct linear){.in = o->in,
                           .out = o->units,
                           .weight = net->parameters.value + layer->own[WEIGHT].offset,
                           .bias = net->parameters.value + layer->own[BIAS].offset,
                           .panels = {layer->packed[DIRECTION_FORWARD], layer->packed[DIRECTION_BACKWARD]}};
}

static int infer(struct net *net, struct layer *layer) {
    struct options *o = layer->options;
    const struct image *in = &net_input(net, layer, 0)->image;
    o->in = in->channels;
    o->positions = image_positions(in);
    layer->image = (struct image){in->height, in->width, o->units};
    if (net_check_image(net, layer->name, &layer->image) < 0)
        return -1;
    layer->width = image_size(&layer->image);
    layer->multiply_adds = o->positions * o->in * o->units;
    layer->ranged = true;
    layer->partial = o->units * (o->in + 1);
    layer->scratch = larger(outer_panels(outer_block(o->in), o->in), BLOCK * (o->in + o->units));
    for (int d = 0; products()->packed && d < DIRECTIONS; d++)
        layer->packed_size[d] =
            linear_panels_size(&(struct linear){.in = o->in, .out = o->units}, (enum direction)d);
    const size_t weight = net_add_tensor(net, layer->name, TENSOR_MATRIX, "weight", o->units, o->in),
                 bias = net_add_tensor(net, layer->name, TENSOR_PLAIN, "bias", o->units, 0);
    layer->own[WEIGHT] = (struct unit_parameters){weight, o->in, true};
    layer->own[BIAS] = (struct unit_parameters){bias, 1, false};
    layer->owns = 2;
    layer->own_units = o->units;
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    const struct options *o = options_of(layer);
    float *value = net->parameters.value;
    initializer_run(initializer, o->in, o->units, o->units, seed, number, value + layer->own[WEIGHT].offset,
                    value + layer->own[BIAS].offset);
}

/* The positions of a tile's rows, as rows of a matrix with `columns` columns. */
static struct matrix_tile positions_of(const struct options *o, const struct tile *t, size_t columns) {
    return (struct matrix_tile){t->row * o->positions, t->rows * o->positions, 0, columns};
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct options *o = options_of(layer);
    const struct linear linear = linear_of(pass->net, layer);
    const struct matrix_tile tile = positions_of(o, t, o->units);
    linear_forward(&linear, pass_input(pass, layer, 0)->out,
                   (struct matrix){pass_value(pass, layer)->out, o->units}, &tile);
}

static void forward_position(struct pass *pass, const struct layer *layer, const struct tile *t, size_t position) {
    const struct options *o = options_of(layer);
    const struct linear linear = linear_of(pass->net, layer);
    const float *in = pass_input(pass, layer, 0)->out;
    float *x = pass_scratch(pass), *y = x + BLOCK * o->in, *out = pass_value(pass, layer)->out;
    for (size_t row = t->row; row < t->row + t->rows; row += BLOCK) {
        const size_t rows = smaller(BLOCK, t->row + t->rows - row);
        for (size_t i = 0; i < rows; i++)
            memcpy(x + i * o->in, in + ((row + i) * o->positions + position) * o->in, o->in * sizeof *x);
        linear_forward(&linear, x, (struct matrix){y, o->units}, &(struct matrix_tile){0, rows, 0, o->units});
        for (size_t i = 0; i < rows; i++)
            memcpy(out + ((row + i) * o->positions + position) * o->units, y + i * o->units, o->units * sizeof *y);
    }
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct options *o = options_of(layer);
    const struct linear linear = linear_of(pass->net, layer);
    const struct matrix_tile tile = positions_of(o, t, o->in);
    (void)step;
    linear_backward(&linear, (struct matrix){pass_value(pass, layer)->dout, o->units},
                    pass_input(pass, layer, 0)->dout, layer->adds[0] ? 1 : 0, &tile);
}

/* The positions [first, first + count) -> partial: W's gradient [units, in], and b's. */
static void add_up(struct pass *pass, const struct layer *layer, size_t first, size_t count, float *partial) {
    const struct options *o = options_of(layer);
    const float *x = pass_input(pass, layer, 0)->out + first * o->in,
                *dy = pass_value(pass, layer)->dout + first * o->units;
    const size_t block = outer_block(o->in);
    float *bias = partial + o->units * o->in;
    for (size_t at = 0; at < count; at += block) {
        const struct outer outer = {.a = dy + at * o->units,
                                    .a_row = o->units,
                                    .units = o->units,
                                    .b = x + at * o->in,
                                    .columns = o->in,
                                    .count = smaller(block, count - at)};
        outer_pack(&outer, pass_scratch(pass));
        outer_add(&outer, at == 0 ? 0 : 1, partial, pass_scratch(pass));
    }
    memset(bias, 0, o->units * sizeof *bias);
    math_kernel()->column_sums(bias, dy, count, o->units, o->units, 1);
}

static void gradient_of_range(struct pass *pass, const struct layer *layer, const struct tile *t,
                              const struct step *step) {
    const size_t range = pass_range_rows(pass, layer), end = t->row + t->rows,
                 positions = options_of(layer)->positions;
    (void)step;
    for (size_t row = t->row; row < end; row += range)
        add_up(pass, layer, row * positions, smaller(range, end - row) * positions, pass_partial(pass, layer, row));
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *t, float scale, float beta,
                     float *const own[]) {
    const struct options *o = options_of(layer);
    const float *sum = pass_value(pass, layer)->partial;
    outer_mix(own[WEIGHT], sum + t->unit * o->in, 1, t->units * o->in, scale, beta);
    outer_mix(own[BIAS], sum + o->units * o->in + t->unit, 1, t->units, scale, beta);
}

static void pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    const struct linear linear = linear_of(net, layer);
    if (j == WEIGHT)
        linear_pack(&linear, &(struct matrix_tile){unit, units, 0, linear.in});
}

/* Its name is that of the fully connected layer, of which it is one for each position. */
static size_t describe(struct graph *g, const struct layer *layer) {
    const size_t in = graph_input(g, layer, 0);
    if (g->failed)
        return 0;
    struct image image = g->node[in].image; /* after a cell it has one position */
    image.channels = layer->image.channels;
    return graph_add_weights(
        g, layer,
        (struct node){.kind = NODE_CONV, .inputs = 1, .in = {in}, .image = image, .kernel = 1, .stride = 1});
}

const struct op op_positions = {.name = "linear",
                                .backward_inputs = 1,
                                .infer = infer,
                                .initialise = initialise,
                                .forward = forward,
                                .forward_position = forward_position,
                                .backward = backward,
                                .gradient_of_range = gradient_of_range,
                                .gradient = gradient,
                                .pack = pack,
                                .describe = describe};

size_t net_linear_positions(struct net *net, const char *name, size_t in, size_t units) {
    const struct options options = {.units = units};
    return net_add(net, &op_positions, name, &options, sizeof options, 1, &in);
}
