/* SPDX-License-Identifier: MIT */
/* Numbers that the caller of a pass sets. */
#include "nn/graph.h"
#include "op/ops.h"

static int infer(struct net *net, struct layer *layer) {
    const struct image *shape = layer->options;
    (void)net;
    layer->image = *shape;
    layer->width = image_size(shape);
    return 0;
}

static size_t describe(struct graph *g, const struct layer *layer) {
    return graph_add(g, layer, (struct node){.kind = NODE_INPUT, .image = layer->image});
}

const struct op op_input = {.name = "input", .infer = infer, .describe = describe};

size_t net_input_pictures(struct net *net, const char *name, const struct image *shape) {
    return net_add(net, &op_input, name, shape, sizeof *shape, 0, NULL);
}

size_t net_input_layer(struct net *net, const char *name, size_t width) {
    return net_input_pictures(net, name, &(struct image){1, 1, width});
}
