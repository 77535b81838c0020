/* SPDX-License-Identifier: MIT */
#ifndef OP_DENSE_H
#define OP_DENSE_H

#include "nn/activation.h"
#include "nn/pass.h"
#include "layer/linear.h"

/* Functions that the ops of fully connected layers share; they compute act(x W' + b). The weights are the first of
 * the layer's parameters, layer->own[0], the biases the second. R is the number of rows of a tile. */
struct dense {
    size_t in,
        out; /* widths of the product's input and output; `out` is activation->group times the number of units */
    const struct activation *activation; /* NULL: no activation */
};

/* Returns the options of the layer's op, which must begin with a struct dense. */
static inline const struct dense *dense_of(const struct layer *layer) {
    return layer->options;
}

/* Returns whether the activation's `slope` must be kept. */
bool dense_keeps_slope(const struct dense *dense);

/* Returns the layer's parameters and panels, which belong to the net. */
struct linear dense_linear(const struct net *net, const struct layer *layer);

/* For op->infer: sets the layer's weights, own parameters and panel sizes. `weight` and `bias`: offsets in the
 * table of parameters. */
void dense_infer(struct layer *layer, size_t weight, size_t bias);

/* Computes a tile of y [R, units] = act(x W' + b), where x is the output of in[0]. slope [R, units,
 * activation_group] takes what the backward pass of the activation needs; its x is NULL if that is nothing. */
void dense_forward(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix y,
                   struct matrix slope);

/* Given dy [R, units], the gradient with respect to y, computes the gradient with respect to the product, in place;
 * if the product has several numbers per unit, it overwrites `slope` instead. */
void dense_backward_activation(const struct layer *layer, const struct tile *tile, struct matrix dy,
                               struct matrix y, struct matrix slope);

/* Computes a tile of d(in[0]) = beta d(in[0]) + delta W. delta [R, out] is the gradient with respect to the
 * product. */
void dense_backward(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix delta,
                    float beta);

/* Like op->gradient, from delta [R, out]. */
void dense_gradient(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix delta,
                    float scale, float beta, float *const own[]);

/* Appends act(x W' + b) to a graph, with the shape of the layer's output. */
size_t dense_describe(struct graph *graph, const struct layer *layer);

/* Like op->pack and op->initialise. `out`: the number of outputs in the formulas of initializer_run. */
void dense_pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units);
void dense_initialise(const struct net *net, const struct layer *layer, size_t out,
                      const struct initializer *initializer, uint64_t seed, uint64_t number);

#endif
