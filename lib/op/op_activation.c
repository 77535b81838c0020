/* SPDX-License-Identifier: MIT */
/* y = act(x), number by number. */
#include "base/error.h"
#include "nn/graph.h"
#include "nn/pass.h"
#include "op/ops.h"

#include <string.h>

struct options {
    const struct activation *activation;
};

static const struct activation *activation_of(const struct layer *layer) {
    const struct options *o = layer->options;
    return o->activation;
}

static int infer(struct net *net, struct layer *layer) {
    const struct layer *in = net_input(net, layer, 0);
    if (activation_of(layer)->group > 1)
        return fail("%s: %s applies the activation %s to single numbers, wanted one that takes no pairs",
                    net_name(net), layer->name, activation_of(layer)->name);
    layer->width = in->width;
    layer->image = in->image;
    layer->kept = activation_of(layer)->keeps_slope ? layer->width : 0;
    layer->ranged = true;
    return 0;
}

static float *slope(const struct pass *pass, const struct layer *layer, size_t first) {
    return layer->kept == 0 ? NULL : pass_value(pass, layer)->kept + first;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const size_t first = t->row * layer->width, n = t->rows * layer->width;
    float *y = pass_value(pass, layer)->out + first;
    memcpy(y, pass_input(pass, layer, 0)->out + first, n * sizeof *y);
    activation_of(layer)->forward(math_kernel(), y, slope(pass, layer, first), n);
}

/* Overwrites the gradient with respect to the output, which nothing reads afterwards. */
static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct value *v = pass_value(pass, layer);
    const size_t first = t->row * layer->width, n = t->rows * layer->width;
    float *dy = v->dout + first, *dx = pass_input(pass, layer, 0)->dout + first;
    (void)step;
    activation_of(layer)->backward(math_kernel(), dy, v->out + first, slope(pass, layer, first), n);
    if (layer->adds[0])
        math_kernel()->add(dx, dy, n);
    else
        memcpy(dx, dy, n * sizeof *dx);
}

static size_t describe(struct graph *g, const struct layer *layer) {
    return graph_activation(g, layer, graph_input(g, layer, 0), activation_of(layer));
}

const struct op op_activation = {.name = "activation",
                                 .backward_inputs = 1,
                                 .infer = infer,
                                 .forward = forward,
                                 .backward = backward,
                                 .describe = describe};

size_t net_activation(struct net *net, const char *name, size_t in, const struct activation *activation) {
    const struct options options = {activation};
    return net_add(net, &op_activation, name, &options, sizeof options, 1, &in);
}
