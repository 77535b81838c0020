/* SPDX-License-Identifier: MIT */
/* Nearest-neighbour upsampling: each pixel becomes a square of equal ones, and what is below or to the right of the
 * wanted size is cut off. */
#include "base/error.h"
#include "nn/graph.h"
#include "nn/pass.h"
#include "op/hidden.h"
#include "op/ops.h"

#include <string.h>

struct options {
    size_t factor, height, width; /* of the output; height 0: no part is cut off */
    bool cuts;                    /* set by infer */
};

/* Checks that a picture of height x width can be cut from one that is enlarged by `factor`. `layer` is its name. */
static int check_cut(const char *name, const char *layer, const struct image *in, size_t factor, size_t height,
                     size_t width) {
    return height <= in->height * factor && width <= in->width * factor
               ? 0
               : fail("%s: %s makes %zux%zu of %zux%zu, wanted at most %zux%zu", name, layer, height, width,
                      in->height, in->width, in->height * factor, in->width * factor);
}

static int infer(struct net *net, struct layer *layer) {
    struct options *o = layer->options;
    const struct image *in = &net_input(net, layer, 0)->image;
    const size_t height = in->height * o->factor, width = in->width * o->factor;
    if (o->height == 0)
        o->height = height, o->width = width;
    if (check_cut(net_name(net), layer->name, in, o->factor, o->height, o->width) < 0)
        return -1;
    o->cuts = o->height < height || o->width < width;
    layer->image = (struct image){o->height, o->width, in->channels};
    if (net_check_image(net, layer->name, &layer->image) < 0)
        return -1;
    layer->width = image_size(&layer->image);
    layer->ranged = true;
    return 0;
}

/* Returns the index in a row of the input of the pixel that becomes pixel (i, j) of the output. */
static size_t source(const struct options *o, const struct image *in, size_t i, size_t j) {
    return (i / o->factor * in->width + j / o->factor) * in->channels;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct options *o = layer->options;
    const struct layer *in = net_input(pass->net, layer, 0);
    const size_t channels = in->image.channels;
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const float *x = pass_input(pass, layer, 0)->out + row * in->width;
        float *y = pass_value(pass, layer)->out + row * layer->width;
        for (size_t i = 0; i < o->height; i++)
            for (size_t j = 0; j < o->width; j++, y += channels)
                memcpy(y, x + source(o, &in->image, i, j), channels * sizeof *y);
    }
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct options *o = layer->options;
    const struct layer *in = net_input(pass->net, layer, 0);
    const size_t channels = in->image.channels;
    (void)step;
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const float *dy = pass_value(pass, layer)->dout + row * layer->width;
        float *dx = pass_input(pass, layer, 0)->dout + row * in->width;
        if (!layer->adds[0])
            memset(dx, 0, in->width * sizeof *dx);
        for (size_t i = 0; i < o->height; i++)
            for (size_t j = 0; j < o->width; j++, dy += channels) {
                float *to = dx + source(o, &in->image, i, j);
                for (size_t k = 0; k < channels; k++)
                    to[k] += dy[k];
            }
    }
}

static size_t describe(struct graph *g, const struct layer *layer) {
    const struct options *o = layer->options;
    const size_t in = graph_input(g, layer, 0);
    return graph_add(
        g, layer,
        (struct node){.kind = NODE_UP, .inputs = 1, .in = {in}, .image = layer->image, .factor = o->factor});
}

const struct op op_up = {.name = "up",
                         .backward_inputs = 1,
                         .infer = infer,
                         .forward = forward,
                         .backward = backward,
                         .describe = describe};

size_t up_factor(const struct layer *layer) {
    const struct options *o = layer->options;
    return layer->op == &op_up && !o->cuts ? o->factor : 1;
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    const bool cut = layer->arguments > 1;
    const struct options options = {.factor = layer->argument[0],
                                    .height = cut ? layer->argument[1] : 0,
                                    .width = cut ? layer->argument[2] : 0};
    return net_add(place->net, &op_up, place->name, &options, sizeof options, 1, &place->in);
}

static struct image shape(const struct hidden_layer *layer, const struct image *in) {
    const size_t *a = layer->argument;
    if (layer->arguments > 1)
        return (struct image){a[1], a[2], in->channels};
    return (struct image){in->height * a[0], in->width * a[0], in->channels};
}

static int check(const struct hidden_layer *layer, const struct hidden_layer *before, const struct image *in,
                 const struct activation *activation, const char *name) {
    const size_t *a = layer->argument;
    (void)before, (void)activation;
    return layer->arguments == 1 || in->height == 0 ? 0 : check_cut(name, "up", in, a[0], a[1], a[2]);
}

const struct hidden_kind hidden_kind_up = {.name = "up",
                                           .check = check,
                                           .usage = "up:FACTOR[:HEIGHT:WIDTH]",
                                           .counts = 1 << 1 | 1 << 3,
                                           .reads_pictures = true,
                                           .shape = shape,
                                           .add = add_hidden};
