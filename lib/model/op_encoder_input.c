/* SPDX-License-Identifier: MIT */
/* The encoder's input: encoded elements, mask and label, see struct encoder_input. */
#include "model/layers.h"

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

static int infer(struct net *net, struct layer *layer) {
    const struct encoder_input *o = layer->options;
    layer->width = item_inputs(o) + mask_inputs(o) + classes(net, layer);
    return 0;
}

static void present(const struct encoder_input *o, const float *x, float *to) {
    const struct likelihood *l = o->segment.likelihood;
    const size_t n = item_inputs(o);
    if (l->encode != NULL)
        l->encode(x, o->segment.elements, o->segment.levels, to);
    else
        memcpy(to, x, n * sizeof *to);
    for (size_t i = 0; o->may_miss && i < n; i++)
        to[i] = isnan(to[i]) ? 0.0f : to[i];
    for (size_t i = 0; i < mask_inputs(o); i++)
        to[n + i] = isnan(x[i]) ? 0.0f : 1.0f;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    const struct encoder_input *o = layer->options;
    const size_t labels = classes(pass->net, layer);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        float *to = pass_value(pass, layer)->out + row * layer->width;
        present(o, pass_input(pass, layer, 0)->out + row * o->segment.elements, to);
        if (labels > 0)
            memcpy(to + layer->width - labels, pass_input(pass, layer, 1)->out + row * labels, labels * sizeof *to);
    }
}

static const struct op op_encoder_input = {.name = "encoder input", .infer = infer, .forward = forward};

bool encoder_reads_x(const struct encoder_input *o, size_t label) {
    return o->segment.likelihood->encode == NULL && label == NO_LAYER && !o->may_miss && !o->mask;
}

size_t net_encoder_input(struct net *net, size_t x, size_t label, const struct encoder_input *input) {
    const size_t in[] = {x, label};
    return net_add(net, &op_encoder_input, "input", input, sizeof *input, label == NO_LAYER ? 1 : 2, in);
}
