/* SPDX-License-Identifier: MIT */
#ifndef NN_DENSE_H
#define NN_DENSE_H

#include "nn/activation.h"
#include "nn/pass.h"

/* What the ops of fully connected layers share: act(x W' + b). The weights are the layer's first own parameters,
 * the biases its second. */
struct dense {
    size_t in, out;                      /* of the product: `out` has activation->group numbers per unit */
    const struct activation *activation; /* NULL: none */
};

/* The op's options; they begin with a struct dense. */
static inline const struct dense *dense_of(const struct layer *layer) {
    return layer->options;
}

/* Numbers of the product per unit, and whether the activation keeps as many beside its output. */
size_t dense_group(const struct dense *dense);
bool dense_keeps_slope(const struct dense *dense);

/* The parameters' place in the table, and the panels. */
struct linear dense_linear(const struct net *net, const struct layer *layer);

/* Sets units, group, weights, own parameters and panels. `weight` and `bias`: offsets in the table. */
void dense_infer(struct layer *layer, size_t weight, size_t bias);

/* in[0] -> a tile of act(x W' + b) in `y`; `slope` [R, dense_group] is where the activation keeps what the backward
 * pass needs, if it does. */
void dense_forward(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix y,
                   struct matrix slope);

/* dy [R, units] is the gradient with respect to the activation's output y. It becomes the gradient before the
 * activation, or `slope` does if the product has several numbers per unit. */
void dense_backward_activation(const struct layer *layer, const struct tile *tile, struct matrix dy,
                               struct matrix y, struct matrix slope);

/* delta [R, out], the gradient before the activation -> a tile of d(in[0]) = beta times its old value + delta W. */
void dense_backward(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix delta,
                    float beta);

/* As op->gradient, from delta. */
void dense_gradient(struct pass *pass, const struct layer *layer, const struct tile *tile, struct matrix delta,
                    float scale, float beta, float *const own[]);

/* As op->pack and op->initialise; the initial values are those of a layer of `out` outputs. */
void dense_pack(const struct net *net, const struct layer *layer, size_t unit, size_t units);
void dense_initialise(const struct net *net, const struct layer *layer, size_t out,
                      const struct initializer *initializer, uint64_t seed, uint64_t number);

#endif
