/* SPDX-License-Identifier: MIT */
/* Fully connected layers: act(x W' + b). */
#include "op/dense.h"
#include "op/hidden.h"
#include "op/ops.h"

struct options {
    struct dense dense;
    size_t units;
    struct image image;  /* the output's shape; height 0: a vector */
    const char *pair[2]; /* names of the two layers that are one; NULL: it is one */
};

/* Offset of the first of the tensors of one kind, whose numbers follow each other. */
static size_t add_tensors(struct net *net, const struct layer *layer, enum tensor_kind kind, const char *what,
                          size_t columns) {
    const struct options *o = layer->options;
    if (o->pair[0] == NULL)
        return net_add_tensor(net, layer->name, kind, what, o->dense.out, columns);
    const size_t first = net_add_tensor(net, o->pair[0], kind, what, o->dense.out / 2, columns);
    (void)net_add_tensor(net, o->pair[1], kind, what, o->dense.out / 2, columns);
    return first;
}

static int infer(struct net *net, struct layer *layer) {
    struct options *o = layer->options;
    o->dense.in = net_input(net, layer, 0)->width;
    if (o->image.height > 0 && net_check_image(net, layer->name, &o->image) < 0)
        return -1;
    layer->units = o->units;
    layer->group = o->dense.out / o->units;
    layer->width = o->dense.out / activation_group(o->dense.activation);
    layer->image = o->image;
    layer->kept = dense_keeps_slope(&o->dense) ? o->dense.out : 0;
    const size_t weight = add_tensors(net, layer, TENSOR_MATRIX, "weight", o->dense.in),
                 bias = add_tensors(net, layer, TENSOR_PLAIN, "bias", 0);
    dense_infer(layer, weight, bias);
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    const struct options *o = layer->options;
    dense_initialise(net, layer, layer->width / (o->pair[0] == NULL ? 1 : 2), initializer, seed, number);
}

static struct matrix output(const struct pass *pass, const struct layer *layer) {
    return (struct matrix){pass_value(pass, layer)->out, layer->width};
}

/* What the activation keeps. */
static struct matrix slope(const struct pass *pass, const struct layer *layer) {
    return (struct matrix){layer->kept == 0 ? NULL : pass_value(pass, layer)->kept, layer->kept};
}

static struct matrix output_gradient(const struct pass *pass, const struct layer *layer) {
    return (struct matrix){pass_value(pass, layer)->dout, layer->width};
}

/* The gradient before the activation: see dense_backward_activation. */
static struct matrix delta(const struct pass *pass, const struct layer *layer) {
    return activation_group(dense_of(layer)->activation) > 1 ? slope(pass, layer) : output_gradient(pass, layer);
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    dense_forward(pass, layer, tile, output(pass, layer), slope(pass, layer));
}

static void backward_activation(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    dense_backward_activation(layer, tile, output_gradient(pass, layer), output(pass, layer), slope(pass, layer));
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                     const struct step *step) {
    (void)step;
    dense_backward(pass, layer, tile, delta(pass, layer), layer->adds[0] ? 1 : 0);
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *tile, float scale, float beta,
                     float *const own[]) {
    dense_gradient(pass, layer, tile, delta(pass, layer), scale, beta, own);
}

const struct op op_linear = {.name = "linear",
                             .backward_inputs = 1,
                             .reads_panels = true,
                             .infer = infer,
                             .initialise = initialise,
                             .forward = forward,
                             .backward = backward,
                             .backward_activation = backward_activation,
                             .gradient = gradient,
                             .pack = dense_pack,
                             .describe = dense_describe};

static size_t add(struct net *net, const char *name, size_t in, struct options options) {
    return net_add(net, &op_linear, name, &options, sizeof options, 1, &in);
}

size_t net_linear(struct net *net, const char *name, size_t in, size_t units, const struct activation *activation) {
    const size_t group = activation == NULL ? 1 : activation->group;
    return add(net, name, in,
               (struct options){.dense = {.out = units * group, .activation = activation}, .units = units});
}

size_t net_linear_groups(struct net *net, const char *name, size_t in, size_t units, size_t group) {
    return add(net, name, in, (struct options){.dense = {.out = units * group}, .units = units});
}

size_t net_linear_pair(struct net *net, const char *name, const char *const pair[2], size_t in, size_t units) {
    return add(net, name, in,
               (struct options){.dense = {.out = 2 * units}, .units = 2 * units, .pair = {pair[0], pair[1]}});
}

/* The output of linear:HEIGHT:WIDTH:CHANNELS is a picture. */
static struct image shape(const struct hidden_layer *layer, const struct image *in) {
    const size_t *a = layer->argument;
    (void)in;
    return layer->arguments == 1 ? (struct image){1, 1, a[0]} : (struct image){a[0], a[1], a[2]};
}

static int mirror(struct hidden *decoder, const struct hidden_layer *layer, const struct image *in) {
    const struct hidden_layer back = hidden_linear(in);
    (void)layer;
    return hidden_append(decoder, &back);
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    const struct activation *activation = place->normalised ? NULL : place->activation;
    struct image image = shape(layer, NULL);
    image.channels *= place->normalised ? place->activation->group : 1;
    const size_t units = image_size(&image), group = activation == NULL ? 1 : activation->group;
    return add(place->net, place->name, place->in,
               (struct options){
                   .dense = {.out = units * group, .activation = activation}, .units = units, .image = image});
}

const struct hidden_kind hidden_kind_linear = {.name = "linear",
                                               .usage = "[linear:]N, linear:HEIGHT:WIDTH:CHANNELS",
                                               .counts = 1 << 1 | 1 << 3,
                                               .makes_product = true,
                                               .shape = shape,
                                               .mirror = mirror,
                                               .add = add_hidden};
