/* SPDX-License-Identifier: MIT */
/* Residual blocks: y = x + act(x W' + b), as wide as x. A row of what is kept is act(x W' + b) [W], followed by
 * what the activation keeps. */
#include "nn/graph.h"
#include "op/dense.h"
#include "op/hidden.h"
#include "op/ops.h"

#include <string.h>

static int infer(struct net *net, struct layer *layer) {
    struct dense *d = layer->options;
    const size_t width = net_input(net, layer, 0)->width, group = activation_group(d->activation);
    d->in = width;
    d->out = width * group;
    layer->width = layer->units = width;
    layer->image = net_input(net, layer, 0)->image;
    layer->group = group;
    layer->kept = width + (dense_keeps_slope(d) ? d->out : 0);
    layer->saved = group > 1 ? 0 : width;
    const size_t weight = net_add_tensor(net, layer->name, TENSOR_MATRIX, "weight", d->out, d->in),
                 bias = net_add_tensor(net, layer->name, TENSOR_PLAIN, "bias", d->out, 0);
    dense_infer(layer, weight, bias);
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    dense_initialise(net, layer, layer->width, initializer, seed, number);
}

static struct matrix activated(const struct pass *pass, const struct layer *layer) {
    return (struct matrix){pass_value(pass, layer)->kept, layer->kept};
}

static struct matrix slope(const struct pass *pass, const struct layer *layer) {
    const bool keeps = layer->kept > layer->width;
    return (struct matrix){keeps ? pass_value(pass, layer)->kept + layer->width : NULL, layer->kept};
}

/* The gradient before the activation: see dense_backward_activation. */
static struct matrix delta(const struct pass *pass, const struct layer *layer) {
    return layer->saved == 0 ? slope(pass, layer) : (struct matrix){pass_value(pass, layer)->saved, layer->width};
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct matrix y = activated(pass, layer);
    dense_forward(pass, layer, t, y, slope(pass, layer));
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const float *x = pass_input(pass, layer, 0)->out + row * layer->width, *a = y.x + row * y.row;
        float *out = pass_value(pass, layer)->out + row * layer->width;
        for (size_t i = t->unit; i < t->unit + t->units; i++)
            out[i] = x[i] + a[i];
    }
}

/* The gradient with respect to the output is also a part of that with respect to x, so that it stays. */
static void backward_activation(struct pass *pass, const struct layer *layer, const struct tile *t) {
    struct matrix dy = {pass_value(pass, layer)->dout, layer->width};
    if (layer->saved > 0) {
        const struct matrix copy = delta(pass, layer);
        for (size_t row = t->row; row < t->row + t->rows; row++)
            memcpy(copy.x + row * copy.row + t->unit, dy.x + row * dy.row + t->unit, t->units * sizeof *dy.x);
        dy = copy;
    }
    dense_backward_activation(layer, t, dy, activated(pass, layer), slope(pass, layer));
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    (void)step;
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const float *dy = pass_value(pass, layer)->dout + row * layer->width;
        float *dx = pass_input(pass, layer, 0)->dout + row * layer->width;
        for (size_t i = t->unit; i < t->unit + t->units; i++)
            dx[i] = layer->adds[0] ? dx[i] + dy[i] : dy[i];
    }
    dense_backward(pass, layer, t, delta(pass, layer), 1);
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *tile, float scale, float beta,
                     float *const own[]) {
    dense_gradient(pass, layer, tile, delta(pass, layer), scale, beta, own);
}

static size_t describe(struct graph *g, const struct layer *layer) {
    const size_t in = graph_input(g, layer, 0), activated = dense_describe(g, layer);
    return graph_add(g, layer, (struct node){.kind = NODE_ADD, .inputs = 2, .in = {activated, in}});
}

const struct op op_residual = {.name = "res",
                               .backward_inputs = 1,
                               .reads_panels = true,
                               .infer = infer,
                               .initialise = initialise,
                               .forward = forward,
                               .backward = backward,
                               .backward_activation = backward_activation,
                               .gradient = gradient,
                               .pack = dense_pack,
                               .describe = describe};

size_t net_residual(struct net *net, const char *name, size_t in, const struct activation *activation) {
    const struct dense options = {.activation = activation};
    return net_add(net, &op_residual, name, &options, sizeof options, 1, &in);
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    (void)layer;
    return net_residual(place->net, place->name, place->in, place->activation);
}

const struct hidden_kind hidden_kind_residual = {
    .name = "res", .usage = "res", .counts = 1 << 0, .keeps_shape = true, .add = add_hidden};
