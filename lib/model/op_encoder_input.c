/* SPDX-License-Identifier: MIT */
/* The encoder's input: encoded elements, mask and label, see struct encoder_input. */
#include "model/layers.h"
#include "nn/graph.h"

#include <math.h>
#include <string.h>

static size_t item_inputs(const struct encoder_input *o) {
    return o->segment.elements * segment_inputs(&o->segment);
}

static size_t mask_inputs(const struct encoder_input *o) {
    return o->mask ? o->segment.elements : 0;
}

static size_t classes(const struct net *net, const struct layer *layer) {
    return layer->inputs > 1 ? net_input(net, layer, 1)->width : 0;
}

static size_t pixels(const struct encoder_input *o) {
    return o->picture.height == 0 ? 1 : image_positions(&o->picture);
}

static int infer(struct net *net, struct layer *layer) {
    const struct encoder_input *o = layer->options;
    const size_t n = pixels(o);
    layer->image = (struct image){1, 1, (item_inputs(o) + mask_inputs(o)) / n + classes(net, layer)};
    if (o->picture.height > 0) {
        layer->image.height = o->picture.height;
        layer->image.width = o->picture.width;
    }
    if (net_check_image(net, layer->name, &layer->image) < 0)
        return -1;
    layer->width = image_size(&layer->image);
    return 0;
}

/* The n elements x of a pixel, or of an item that is no picture, and their mask -> to. Returns its end. */
static float *present(const struct encoder_input *o, const float *x, size_t n, float *to) {
    const struct likelihood *l = o->segment.likelihood;
    const size_t inputs = n * segment_inputs(&o->segment);
    if (l->encode != NULL)
        l->encode(x, n, o->segment.levels, to);
    else
        memcpy(to, x, inputs * sizeof *to);
    for (size_t i = 0; o->may_miss && i < inputs; i++)
        to[i] = isnan(to[i]) ? 0.0f : to[i];
    for (size_t i = 0; o->mask && i < n; i++)
        to[inputs + i] = isnan(x[i]) ? 0.0f : 1.0f;
    return to + inputs + (o->mask ? n : 0);
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    const struct encoder_input *o = layer->options;
    const size_t labels = classes(pass->net, layer), n = o->segment.elements / pixels(o);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const float *x = pass_input(pass, layer, 0)->out + row * o->segment.elements;
        float *to = pass_value(pass, layer)->out + row * layer->width;
        for (size_t pixel = 0; pixel < pixels(o); pixel++, to += labels) {
            to = present(o, x + pixel * n, n, to);
            if (labels > 0)
                memcpy(to, pass_input(pass, layer, 1)->out + row * labels, labels * sizeof *to);
        }
    }
}

/* Appends the elements as the likelihood encodes them. A missing one is no level, so one-hot it is 0 already. */
static size_t describe_elements(struct graph *g, const struct layer *layer, size_t x) {
    const struct encoder_input *o = layer->options;
    const struct likelihood *l = o->segment.likelihood;
    struct image image = {1, 1, o->segment.elements * segment_inputs(&o->segment)};
    size_t node = x;
    if (o->picture.height > 0)
        image = (struct image){o->picture.height, o->picture.width, image.channels / pixels(o)};
    if (l->encode != NULL && l->inputs != NULL)
        return graph_add(g, layer,
                         (struct node){.kind = NODE_ONE_HOT,
                                       .inputs = 1,
                                       .in = {x},
                                       .image = image,
                                       .levels = segment_inputs(&o->segment)});
    if (l->encode != NULL)
        node = graph_add(
            g, layer,
            (struct node){
                .kind = NODE_FUNCTION, .inputs = 1, .in = {node}, .image = image, .function = l->encoding});
    return o->may_miss ? graph_add(g, layer,
                                   (struct node){.kind = NODE_OBSERVED, .inputs = 1, .in = {node}, .image = image})
                       : node;
}

static size_t concatenate(struct graph *g, const struct layer *layer, size_t a, size_t b) {
    if (g->failed)
        return 0;
    struct image image = g->node[a].image;
    image.channels += g->node[b].image.channels;
    return graph_add(g, layer, (struct node){.kind = NODE_CONCATENATE, .inputs = 2, .in = {a, b}, .image = image});
}

static size_t describe(struct graph *g, const struct layer *layer) {
    const struct encoder_input *o = layer->options;
    const size_t x = graph_input(g, layer, 0);
    size_t node = describe_elements(g, layer, x);
    if (o->mask) {
        struct image image = {1, 1, o->segment.elements};
        if (o->picture.height > 0)
            image = (struct image){o->picture.height, o->picture.width, image.channels / pixels(o)};
        node = concatenate(
            g, layer, node,
            graph_add(g, layer, (struct node){.kind = NODE_MASK, .inputs = 1, .in = {x}, .image = image}));
    }
    return layer->inputs == 1 ? node : concatenate(g, layer, node, graph_input(g, layer, 1));
}

static const struct op op_encoder_input = {
    .name = "encoder_input", .infer = infer, .forward = forward, .describe = describe};

bool encoder_reads_x(const struct encoder_input *o, size_t label) {
    return o->segment.likelihood->encode == NULL && label == NO_LAYER && !o->may_miss && !o->mask;
}

size_t net_encoder_input(struct net *net, size_t x, size_t label, const struct encoder_input *input) {
    const size_t in[] = {x, label};
    return net_add(net, &op_encoder_input, "input", input, sizeof *input, label == NO_LAYER ? 1 : 2, in);
}
