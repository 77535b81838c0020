/* SPDX-License-Identifier: MIT */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H

#include "kernel/function.h"
#include "nn/net.h"

/* What layers of a net compute for one item, as a list of simple nodes, from which other programs are written. A
 * node reads the values of earlier nodes only, and each has one row of numbers, a picture with the channels last.
 * Each op appends the nodes of its layers (op->describe), so that who writes a program knows the kinds of nodes,
 * and no op. */

enum node_kind {
    NODE_INPUT,    /* numbers that the program is given, under the name of the node */
    NODE_CONSTANT, /* weight [width] */
    NODE_LINEAR,   /* W x + b of the whole row; weight [width, width of in[0]], bias [width] */
    /* A convolution (layer/window.h): weight [channels, channels of in[0], kernel, kernel], bias [channels]. With
     * kernel 1 it is a linear layer of each position. */
    NODE_CONV,
    NODE_UP,       /* each pixel becomes factor x factor equal ones, of which the first rows and columns stay */
    NODE_NORM,     /* group normalization in `groups` groups of channels; weight, bias [channels]; epsilon */
    NODE_FUNCTION, /* function(x), number by number; or function(x, s) of in[0] and in[1] */
    NODE_GATE,     /* l sigmoid(g) of each pair (l, g) of neighbours */
    NODE_ADD,      /* in[0] + in[1], number by number */
    /* The channels of in[0], then those of in[1], at each position; in[1] may have one position, which then goes to
     * all. */
    NODE_CONCATENATE,
    NODE_ONE_HOT,  /* each number becomes `levels` numbers: 1 at its place, else 0 */
    NODE_OBSERVED, /* NaN becomes 0 */
    NODE_MASK,     /* 0 for NaN, 1 for others */
    NODE_CLAMP,    /* numbers from number `first` on are bounded to [-bound, bound] */
    NODE_PICK,     /* number `first` of each `step` neighbours */
    NODE_MOST,     /* the index of the largest of each `levels` neighbours, the first of equal ones */
    /* A gated recurrent unit (layer/gru.h): weight [3 units, channels of in[0]], state_weight [3 units, units],
     * bias and state_bias [3 units]. in[0] has T positions, and the value the states of all of them, or the last
     * one. */
    NODE_GRU,
    /* One position of a GRU whose input is a token, one-hot of `levels`, and then in[0]: weight [3 units, levels +
     * width of in[0]]. It and the nodes after it are computed for each of `positions` positions, one after the
     * other. The last node of the graph then is the token that is chosen for a position, and the next position
     * reads it; the first one reads 0. The value of the graph is all tokens, and 0 from the first 0 on. */
    NODE_GRU_CELL,
    NODE_KINDS
};

struct node {
    enum node_kind kind;
    const char *name; /* of the layer that the node belongs to; owned by the net */
    size_t inputs, in[2];
    struct image image;                                     /* of the value */
    const float *weight, *bias, *state_weight, *state_bias; /* owned by the net */
    size_t kernel, stride, before;
    size_t factor, groups, levels, first, step, positions;
    enum function function;
    double epsilon, bound;
};

struct graph {
    const struct net *net; /* not owned, like the name */
    const char *name;      /* begins messages, such as a model file's */
    struct node *node;
    size_t nodes;
    size_t *of_layer; /* [layers of the net] the node with the layer's output; NO_NODE: not described yet */
    bool failed;      /* since the first error; checked once, by graph_finish */
};

#define NO_NODE SIZE_MAX

/* Starts an empty graph. 0 or -1; end with graph_free in both cases. */
int graph_create(struct graph *graph, const struct net *net, const char *name) __attribute__((warn_unused_result));

void graph_free(struct graph *graph);

/* Returns the node with the output of a layer, and appends what it needs. 0 if the graph has failed. */
size_t graph_layer(struct graph *graph, size_t layer);

/* The same of input i of a layer. */
size_t graph_input(struct graph *graph, const struct layer *layer, size_t i);

/* Appends a node that belongs to a layer, and returns its index. Sets its `image` to that of in[0] if its height is
 * 0. */
size_t graph_add(struct graph *graph, const struct layer *layer, struct node node);

/* The same with weight and bias from own[0] and own[1] of the layer. */
size_t graph_add_weights(struct graph *graph, const struct layer *layer, struct node node);

/* Appends act(x), if there is an activation, and returns the node of the result. */
size_t graph_activation(struct graph *graph, const struct layer *layer, size_t in,
                        const struct activation *activation);

/* 0, or -1 with the message of the first error. */
int graph_finish(const struct graph *graph) __attribute__((warn_unused_result));

/* A weight is stored as [outputs, inputs, taps], where taps is kernel x kernel; a bias has `outputs` numbers. All
 * are 0 for a node without a weight. The weight and the bias of a state have as many outputs, and `units` inputs.
 */
struct weight_shape {
    size_t outputs, inputs, taps;
};

struct weight_shape graph_weight_shape(const struct graph *graph, const struct node *node);

/* Returns whether a node is a linear layer of the whole row: also a convolution of one pixel by a kernel of 1, as
 * after a cell. */
bool graph_is_linear(const struct graph *graph, const struct node *node);

/* Returns how many numbers the value of a node has. */
static inline size_t graph_width(const struct graph *graph, size_t node) {
    return image_size(&graph->node[node].image);
}

#endif
