/* SPDX-License-Identifier: MIT */
#include "nn/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>

int graph_create(struct graph *g, const struct net *net, const char *name) {
    *g = (struct graph){.net = net, .name = name, .of_layer = malloc(net->layers * sizeof *g->of_layer)};
    if (g->of_layer == NULL)
        return fail("%s: out of memory for a graph of %zu layers", name, net->layers);
    for (size_t i = 0; i < net->layers; i++)
        g->of_layer[i] = NO_NODE;
    return 0;
}

void graph_free(struct graph *g) {
    free(g->node);
    free(g->of_layer);
    *g = (struct graph){0};
}

int graph_finish(const struct graph *g) {
    return g->failed ? -1 : 0;
}

static size_t fail_graph(struct graph *g, int failed) {
    g->failed = g->failed || failed < 0;
    return 0;
}

size_t graph_layer(struct graph *g, size_t number) {
    const struct layer *layer = &g->net->layer[number];
    if (g->failed)
        return 0;
    if (g->of_layer[number] != NO_NODE)
        return g->of_layer[number];
    const size_t node = layer->op->describe(g, layer);
    if (!g->failed)
        g->of_layer[number] = node;
    return node;
}

size_t graph_input(struct graph *g, const struct layer *layer, size_t i) {
    return graph_layer(g, layer->in[i]);
}

size_t graph_add(struct graph *g, const struct layer *layer, struct node node) {
    if (g->failed)
        return 0;
    struct node *grown = memory_grow(g->node, g->nodes, sizeof *grown);
    if (grown == NULL)
        return fail_graph(g, fail("%s: out of memory for a graph of %zu nodes", g->name, g->nodes + 1));
    g->node = grown;
    node.name = layer->name;
    if (node.image.height == 0)
        node.image = g->node[node.in[0]].image;
    g->node[g->nodes] = node;
    return g->nodes++;
}

size_t graph_add_weights(struct graph *g, const struct layer *layer, struct node node) {
    node.weight = g->net->parameters.value + layer->own[0].offset;
    node.bias = g->net->parameters.value + layer->own[1].offset;
    return graph_add(g, layer, node);
}

size_t graph_activation(struct graph *g, const struct layer *layer, size_t in, const struct activation *a) {
    if (g->failed || a == NULL)
        return in;
    struct node node = {.kind = NODE_FUNCTION, .inputs = 1, .in = {in}, .function = a->function};
    if (a->group > 1) {
        node.kind = NODE_GATE;
        node.image = g->node[in].image;
        node.image.channels /= a->group;
    }
    return graph_add(g, layer, node);
}

bool graph_is_linear(const struct graph *g, const struct node *n) {
    return n->kind == NODE_LINEAR ||
           (n->kind == NODE_CONV && n->kernel == 1 && image_positions(&g->node[n->in[0]].image) == 1);
}

struct weight_shape graph_weight_shape(const struct graph *g, const struct node *n) {
    if (n->weight == NULL)
        return (struct weight_shape){0};
    struct weight_shape shape = {.outputs = n->image.channels, .inputs = 1, .taps = 1};
    if (n->kind == NODE_LINEAR) {
        shape.outputs = image_size(&n->image);
        shape.inputs = graph_width(g, n->in[0]);
    } else if (n->kind == NODE_CONV) {
        shape.inputs = g->node[n->in[0]].image.channels;
        shape.taps = n->kernel * n->kernel;
    } else if (n->kind == NODE_GRU || n->kind == NODE_GRU_CELL) {
        shape.outputs = 3 * n->image.channels;
        shape.inputs =
            n->kind == NODE_GRU ? g->node[n->in[0]].image.channels : n->levels + graph_width(g, n->in[0]);
    } else if (n->kind == NODE_CONSTANT) {
        shape.outputs = image_size(&n->image);
    }
    return shape;
}
