/* SPDX-License-Identifier: MIT */
#ifndef NN_PASS_H
#define NN_PASS_H

#include "nn/net.h"

/* The memory of a net's forward and backward pass for up to `items` items at a time, of `draws` draws each. Every
 * array has one row per row of its layer. Functions write the rows or the tile that they are given and nothing
 * else, so that threads may work on others. */

struct value {
    float *out; /* [R, width] */
    /* The gradient with respect to `out` of what the pass minimises; NULL if it is not wanted, or if the pass does
     * not train. It may be `out` itself, see struct op. */
    float *dout;
    float *kept, *saved; /* [R, kept], [R, saved]; `saved` is NULL in a pass that does not train */
    /* Nats: [terms, parts, R]. Sums over a layer's units are kept as one partial sum per part of them, so that no
     * thread waits; in a pass that does not train there is one part. */
    double *term;
    size_t parts;
    float *panels; /* of `out`, for the gradients of layers that read it; NULL if none reads it so */
};

struct pass {
    const struct net *net; /* not owned */
    size_t from, to;       /* the pass is of the layers [from, to) */
    size_t items, draws;
    bool trains;
    struct value *value; /* [layers of the net]; of the pass's layers */
    float *weight;       /* [items, draws], of each draw in the gradient; NULL if the pass does not train */
    void *context;       /* of operations that are no layer's: their caller's own */
    void *memory;
};

/* Allocates a pass of the layers [from, to). 0 or -1; end with pass_free. */
int pass_create(struct pass *pass, const struct net *net, size_t from, size_t to, size_t items, size_t draws,
                bool trains) __attribute__((warn_unused_result));

void pass_free(struct pass *pass);

/* The value of a layer. */
static inline struct value *pass_value(const struct pass *pass, const struct layer *layer) {
    return &pass->value[layer->number];
}

/* The value of input number i of a layer. */
static inline struct value *pass_input(const struct pass *pass, const struct layer *layer, size_t i) {
    return &pass->value[layer->in[i]];
}

/* Rows of a layer per item: 1 or `draws`. */
static inline size_t pass_draws(const struct pass *pass, const struct layer *layer) {
    return layer->rows == PER_DRAW ? pass->draws : 1;
}

/* Number `term` of the terms that a layer has, [R], of the part that a tile belongs to. */
double *pass_term(const struct pass *pass, const struct layer *layer, size_t term, size_t part);

/* A term of one row, the sum of all its parts. */
double pass_term_sum(const struct pass *pass, const struct layer *layer, size_t term, size_t row);

/* Numbers from one of the panels of a layer's output to the next. */
size_t pass_panel(const struct pass *pass, const struct layer *layer);

/* A tile of the layer: its op's `forward`, and the panels of the output. */
void pass_layer_forward(struct pass *pass, const struct layer *layer, const struct tile *tile);

/* A tile of the gradients with respect to the layer's inputs: its op's `backward`, and the activations of the
 * inputs. */
void pass_layer_backward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                         const struct step *step);

/* The layers [from, to) for whole items [first, first + items), on the calling thread. */
void pass_forward(struct pass *pass, size_t from, size_t to, size_t first, size_t items);

/* Writes whole rows of a layer's output to its panels, if it has any: called after the output was set from outside.
 */
void pass_pack(struct pass *pass, const struct layer *layer, size_t row, size_t rows);

#endif
