/* SPDX-License-Identifier: MIT */
#include "op/dense.h"

#include "nn/graph.h"

bool dense_keeps_slope(const struct dense *d) {
    return d->activation != NULL && d->activation->keeps_slope;
}

struct linear dense_linear(const struct net *net, const struct layer *layer) {
    const struct dense *d = dense_of(layer);
    const float *value = net->parameters.value;
    return (struct linear){.in = d->in,
                           .out = d->out,
                           .weight = value + layer->own[0].offset,
                           .bias = value + layer->own[1].offset,
                           .panels = {layer->packed[DIRECTION_FORWARD], layer->packed[DIRECTION_BACKWARD]}};
}

void dense_infer(struct layer *layer, size_t weight, size_t bias) {
    const struct dense *d = dense_of(layer);
    layer->weights = layer->multiply_adds = d->in * d->out;
    layer->own[0] = (struct unit_parameters){weight, d->in, true};
    layer->own[1] = (struct unit_parameters){bias, 1, false};
    layer->owns = 2;
    layer->own_units = d->out;
    for (int i = 0; products()->packed && i < DIRECTIONS; i++)
        layer->packed_size[i] = linear_panels_size(&(struct linear){.in = d->in, .out = d->out}, (enum direction)i);
}

/* Returns the address of element (row, column), or NULL if the matrix is not there. */
static float *at(struct matrix m, size_t row, size_t column) {
    return m.x == NULL ? NULL : m.x + row * m.row + column;
}

void dense_forward(struct pass *pass, const struct layer *layer, const struct tile *t, struct matrix y,
                   struct matrix slope) {
    const struct dense *d = dense_of(layer);
    const struct linear linear = dense_linear(pass->net, layer);
    const size_t group = activation_group(d->activation), each = d->out / layer->units;
    linear_forward(&linear, pass_input(pass, layer, 0)->out, group > 1 ? slope : y,
                   &(struct matrix_tile){t->row, t->rows, t->unit * each, t->units * each});
    for (size_t row = t->row; d->activation != NULL && row < t->row + t->rows; row++)
        d->activation->forward(math_kernel(), at(y, row, t->unit), at(slope, row, t->unit * group), t->units);
}

void dense_backward_activation(const struct layer *layer, const struct tile *t, struct matrix dy, struct matrix y,
                               struct matrix slope) {
    const struct dense *d = dense_of(layer);
    for (size_t row = t->row; d->activation != NULL && row < t->row + t->rows; row++)
        d->activation->backward(math_kernel(), at(dy, row, t->unit), at(y, row, t->unit),
                                at(slope, row, t->unit * d->activation->group), t->units);
}

void dense_backward(struct pass *pass, const struct layer *layer, const struct tile *t, struct matrix delta,
                    float beta) {
    const struct linear linear = dense_linear(pass->net, layer);
    linear_backward(&linear, delta, pass_input(pass, layer, 0)->dout, beta,
                    &(struct matrix_tile){t->row, t->rows, t->unit, t->units});
}

void dense_gradient(struct pass *pass, const struct layer *layer, const struct tile *t, struct matrix delta,
                    float scale, float beta, float *const own[]) {
    const struct linear linear = dense_linear(pass->net, layer);
    const struct value *in = pass_input(pass, layer, 0);
    const struct linear_input input = {in->out, in->panels, pass_panel(pass, net_input(pass->net, layer, 0))};
    linear_gradient(&linear, delta, &input, t->rows, t->unit, t->units, scale, beta, own[0], own[1]);
}

void dense_pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    const struct linear linear = dense_linear(net, layer);
    if (j == 0)
        linear_pack(&linear, &(struct matrix_tile){unit, units, 0, linear.in});
}

void dense_initialise(const struct net *net, const struct layer *layer, size_t out,
                      const struct initializer *initializer, uint64_t seed, uint64_t number) {
    const struct dense *d = dense_of(layer);
    initializer_run(initializer, d->in, d->out, out, seed, number, net->parameters.value + layer->own[0].offset,
                    net->parameters.value + layer->own[1].offset);
}

size_t dense_describe(struct graph *g, const struct layer *layer) {
    const struct dense *d = dense_of(layer);
    struct image image = layer->image;
    image.channels *= activation_group(d->activation);
    const size_t in = graph_input(g, layer, 0),
                 product = graph_add_weights(
                     g, layer, (struct node){.kind = NODE_LINEAR, .inputs = 1, .in = {in}, .image = image});
    return graph_activation(g, layer, product, d->activation);
}
