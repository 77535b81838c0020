/* SPDX-License-Identifier: MIT */
/* Convolutions of pictures: act(conv(x)), or skip + conv(x), the end of a residual block (see op_resconv.c). */
#include "base/error.h"
#include "nn/graph.h"
#include "nn/pass.h"
#include "layer/conv.h"
#include "op/hidden.h"
#include "op/ops.h"

#include <string.h>

#define KERNEL_MAX 31

struct options {
    size_t channels, kernel, stride;
    size_t factor;                       /* by which the pictures are enlarged first */
    const struct activation *activation; /* NULL: none */
    struct conv conv;                    /* set by infer */
};

static const struct conv *conv_of(const struct layer *layer) {
    const struct options *o = layer->options;
    return &o->conv;
}

static const struct activation *activation_of(const struct layer *layer) {
    const struct options *o = layer->options;
    return o->activation;
}

/* Returns the numbers of the product for each number of the output. */
static size_t group_of(const struct layer *layer) {
    return activation_group(activation_of(layer));
}

static void add_tensors(struct net *net, struct layer *layer) {
    const struct conv *c = conv_of(layer);
    const size_t kernel = c->window.kernel;
    const struct shape weight = {4, {c->outputs, c->window.in.channels, kernel, kernel}}, bias = {1, {c->outputs}};
    layer->own[0] = (struct unit_parameters){net_add_shape(net, layer->name, TENSOR_MATRIX, "weight", &weight),
                                             window_patch(&c->window), true};
    layer->own[1] =
        (struct unit_parameters){net_add_shape(net, layer->name, TENSOR_PLAIN, "bias", &bias), 1, false};
    layer->owns = 2;
    layer->own_units = c->outputs;
}

/* What is added to the output must have its shape, and as many rows. */
static int check_skip(const struct net *net, const struct layer *layer) {
    const struct layer *skip = net_input(net, layer, 1);
    return skip->rows == layer->rows && image_equal(&skip->image, &layer->image)
               ? 0
               : fail("%s: %s adds %s, wanted a layer of its own shape", net_name(net), layer->name, skip->name);
}

static int infer(struct net *net, struct layer *layer) {
    struct options *o = layer->options;
    const struct activation *a = o->activation;
    if (o->kernel > KERNEL_MAX)
        return fail("%s: %s has a kernel of %zux%zu, wanted at most %dx%d", net_name(net), layer->name, o->kernel,
                    o->kernel, KERNEL_MAX, KERNEL_MAX);
    o->conv = (struct conv){window_of(&net_input(net, layer, 0)->image, o->kernel, o->stride),
                            o->channels * group_of(layer), o->factor};
    const struct image product = conv_output(&o->conv);
    layer->image = (struct image){product.height, product.width, o->channels};
    if (net_check_image(net, layer->name, &product) < 0)
        return -1;
    layer->width = image_size(&layer->image);
    layer->multiply_adds = conv_multiply_adds(&o->conv);
    layer->kept = a != NULL && a->keeps_slope ? layer->width * a->group : 0;
    layer->ranged = true;
    layer->scratch = conv_scratch(&o->conv);
    layer->partial = conv_partial(&o->conv);
    for (int i = 0; i < DIRECTIONS; i++)
        layer->packed_size[i] = conv_packed_size(&o->conv, (enum direction)i);
    add_tensors(net, layer);
    return layer->inputs > 1 ? check_skip(net, layer) : 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    const struct options *o = layer->options;
    float *value = net->parameters.value;
    initializer_run(initializer, window_patch(&o->conv.window), o->conv.outputs, o->channels, seed, number,
                    value + layer->own[0].offset, value + layer->own[1].offset);
}

static struct conv_weights weights_of(const struct pass *pass, const struct layer *layer) {
    return (struct conv_weights){{layer->packed[DIRECTION_FORWARD], layer->packed[DIRECTION_BACKWARD]},
                                 pass->net->parameters.value + layer->own[1].offset};
}

/* The gradient before the activation [R, positions, outputs]: what the activation kept, if it has groups. */
static float *delta(const struct pass *pass, const struct layer *layer) {
    const struct value *v = pass_value(pass, layer);
    return group_of(layer) > 1 ? v->kept : v->dout;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct activation *a = activation_of(layer);
    const struct conv_weights weights = weights_of(pass, layer);
    const struct value *v = pass_value(pass, layer);
    const size_t first = t->row * layer->width, n = t->rows * layer->width;
    float *out = v->out + first, *slope = layer->kept == 0 ? NULL : v->kept + t->row * layer->kept;
    conv_forward(conv_of(layer), &weights, pass_input(pass, layer, 0)->out, group_of(layer) > 1 ? v->kept : v->out,
                 t->row, t->rows, pass_scratch(pass));
    if (a != NULL)
        a->forward(math_kernel(), out, slope, n);
    if (layer->inputs > 1)
        math_kernel()->add(out, pass_input(pass, layer, 1)->out + first, n);
}

static void backward_activation(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct activation *a = activation_of(layer);
    const struct value *v = pass_value(pass, layer);
    for (size_t row = t->row; a != NULL && row < t->row + t->rows; row++) {
        const size_t at = row * layer->width + t->unit;
        a->backward(math_kernel(), v->dout + at, v->out + at, layer->kept == 0 ? NULL : v->kept + at * a->group,
                    t->units);
    }
}

/* The gradient with respect to the skipped input is that with respect to the output. */
static void backward_skip(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const size_t first = t->row * layer->width, n = t->rows * layer->width;
    const float *dy = pass_value(pass, layer)->dout + first;
    float *dx = pass_input(pass, layer, 1)->dout;
    if (dx == NULL)
        return;
    if (layer->adds[1])
        math_kernel()->add(dx + first, dy, n);
    else
        memcpy(dx + first, dy, n * sizeof *dx);
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct conv_weights weights = weights_of(pass, layer);
    float *dx = pass_input(pass, layer, 0)->dout;
    (void)step;
    if (dx != NULL)
        conv_backward(conv_of(layer), &weights, delta(pass, layer), dx, layer->adds[0] ? 1 : 0, t->row, t->rows,
                      pass_scratch(pass));
    if (layer->inputs > 1)
        backward_skip(pass, layer, t);
}

static void gradient_of_range(struct pass *pass, const struct layer *layer, const struct tile *t,
                              const struct step *step) {
    const size_t range = pass_range_rows(pass, layer), end = t->row + t->rows;
    (void)step;
    for (size_t row = t->row; row < end; row += range)
        conv_gradient(conv_of(layer), pass_input(pass, layer, 0)->out, delta(pass, layer), row,
                      end - row < range ? end - row : range, pass_partial(pass, layer, row), pass_scratch(pass));
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *t, float scale, float beta,
                     float *const own[]) {
    conv_order(conv_of(layer), pass_value(pass, layer)->partial, t->unit, t->units, scale, beta, own[0], own[1]);
}

static void pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    if (j == 0)
        conv_pack(conv_of(layer), net->parameters.value + layer->own[0].offset, unit, units, layer->packed);
}

static size_t describe(struct graph *g, const struct layer *layer) {
    const struct conv *c = conv_of(layer);
    size_t node = graph_input(g, layer, 0);
    if (c->factor > 1) {
        const struct image *in = &c->window.in,
                           large = {in->height * c->factor, in->width * c->factor, in->channels};
        node = graph_add(
            g, layer,
            (struct node){.kind = NODE_UP, .inputs = 1, .in = {node}, .image = large, .factor = c->factor});
    }
    node = graph_add_weights(g, layer,
                             (struct node){.kind = NODE_CONV,
                                           .inputs = 1,
                                           .in = {node},
                                           .image = conv_output(c),
                                           .kernel = c->window.kernel,
                                           .stride = c->window.stride,
                                           .before = c->window.before});
    node = graph_activation(g, layer, node, activation_of(layer));
    return layer->inputs == 1
               ? node
               : graph_add(g, layer,
                           (struct node){.kind = NODE_ADD, .inputs = 2, .in = {node, graph_input(g, layer, 1)}});
}

#define OP_CONV(name_)                                                                                            \
    {                                                                                                             \
        .name = (name_), .backward_inputs = 2, .infer = infer, .initialise = initialise, .forward = forward,      \
        .backward = backward, .backward_activation = backward_activation, .gradient_of_range = gradient_of_range, \
        .gradient = gradient, .pack = pack, .describe = describe                                                  \
    }
const struct op op_conv = OP_CONV("conv"), op_up_conv = OP_CONV("up+conv");

static size_t add(struct net *net, const char *name, size_t inputs, const size_t *in, struct options options) {
    return net_add(net, options.factor > 1 ? &op_up_conv : &op_conv, name, &options, sizeof options, inputs, in);
}

/* If the newest layer only enlarges pictures, the convolution does so itself, and the layer goes. */
static size_t take_factor(struct net *net, size_t *in, size_t kernel) {
    const size_t factor = net->failed || *in + 1 < net->layers ? 1 : up_factor(&net->layer[*in]);
    if (factor == 1 || factor > window_factor_max(kernel))
        return 1;
    *in = net->layer[*in].in[0];
    net_remove_last(net);
    return factor;
}

size_t net_conv(struct net *net, const char *name, size_t in, size_t channels, size_t kernel, size_t stride,
                const struct activation *activation) {
    const size_t factor = stride == 1 ? take_factor(net, &in, kernel) : 1;
    return add(
        net, name, 1, &in,
        (struct options){
            .channels = channels, .kernel = kernel, .stride = stride, .factor = factor, .activation = activation});
}

size_t net_conv_skip(struct net *net, const char *name, size_t in, size_t skip, size_t kernel) {
    return add(net, name, 2, (const size_t[]){in, skip},
               (struct options){.channels = net->failed ? 1 : net->layer[skip].image.channels,
                                .kernel = kernel,
                                .stride = 1,
                                .factor = 1});
}

static size_t stride_of(const struct hidden_layer *layer) {
    return layer->arguments > 2 ? layer->argument[2] : 1;
}

static struct image shape(const struct hidden_layer *layer, const struct image *in) {
    const struct window w = window_of(in, layer->argument[1], stride_of(layer));
    return (struct image){w.rows, w.columns, layer->argument[0]};
}

/* First up to the size of the input, then a convolution to its channels. */
static int mirror(struct hidden *decoder, const struct hidden_layer *layer, const struct image *in) {
    const size_t stride = stride_of(layer);
    const bool exact = in->height % stride == 0 && in->width % stride == 0;
    const struct hidden_layer up = {&hidden_kind_up, exact ? 1 : 3, {stride, in->height, in->width}},
                              conv = {&hidden_kind_conv, 2, {in->channels, layer->argument[1]}};
    if (stride > 1 && hidden_append(decoder, &up) < 0)
        return -1;
    return hidden_append(decoder, &conv);
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    const size_t group = place->normalised ? place->activation->group : 1;
    return net_conv(place->net, place->name, place->in, layer->argument[0] * group, layer->argument[1],
                    stride_of(layer), place->normalised ? NULL : place->activation);
}

const struct hidden_kind hidden_kind_conv = {.name = "conv",
                                             .usage = "conv:CHANNELS:KERNEL[:STRIDE]",
                                             .most = {0, KERNEL_MAX},
                                             .standard = {0, 0, 1},
                                             .counts = 1 << 2 | 1 << 3,
                                             .makes_product = true,
                                             .reads_pictures = true,
                                             .convolves = true,
                                             .shape = shape,
                                             .mirror = mirror,
                                             .add = add_hidden};
