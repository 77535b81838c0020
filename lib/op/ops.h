/* SPDX-License-Identifier: MIT */
#ifndef OP_OPS_H
#define OP_OPS_H

#include "nn/activation.h"
#include "nn/net.h"

/* The ops of this room, and how a net gets layers of them. Each function returns the layer's index, see net_add.
 * `in` is the index of the layer that is read. activation NULL: none. */

extern const struct op op_input, op_linear, op_residual, op_conv, op_up_conv, op_up, op_norm, op_activation, op_gru,
    op_positions;

/* The kinds of hidden layers (op/hidden.h). */
extern const struct hidden_kind hidden_kind_linear, hidden_kind_residual, hidden_kind_conv, hidden_kind_resconv,
    hidden_kind_up, hidden_kind_norm, hidden_kind_gru;

/* Numbers that the caller of a pass sets: [items, width]; or pictures of a shape. */
size_t net_input_layer(struct net *net, const char *name, size_t width);
size_t net_input_pictures(struct net *net, const char *name, const struct image *shape);

/* act(x W' + b), `units` numbers. */
size_t net_linear(struct net *net, const char *name, size_t in, size_t units, const struct activation *activation);

/* x W' + b for each position of a picture or a sequence, `units` channels. */
size_t net_linear_positions(struct net *net, const char *name, size_t in, size_t units);

/* x W' + b, `units` units of `group` neighbouring numbers each: a tile has whole units. */
size_t net_linear_groups(struct net *net, const char *name, size_t in, size_t units, size_t group);

/* Two linear layers of `units` numbers each as one layer, the first one's output followed by the second one's. The
 * tensors are named after both. */
size_t net_linear_pair(struct net *net, const char *name, const char *const pair[2], size_t in, size_t units);

/* act(conv(x)), a convolution of pictures with `channels` kernels of kernel x kernel pixels, see layer/conv.h. With
 * a gated activation it has twice as many kernels. If `in` is the newest layer and an op_up that cuts nothing off,
 * the stride is 1 and the factor is at most window_factor_max(kernel), this layer is removed, and the convolution
 * reads its input, with the factor of layer/conv.h. */
size_t net_conv(struct net *net, const char *name, size_t in, size_t channels, size_t kernel, size_t stride,
                const struct activation *activation);

/* Returns the factor of an op_up that cuts nothing off; 1 for other layers. */
size_t up_factor(const struct layer *layer);

/* skip + conv(x), with stride 1, as wide as the layer `skip`. */
size_t net_conv_skip(struct net *net, const char *name, size_t in, size_t skip, size_t kernel);

/* act(x), number by number. The activation must be one of single numbers. */
size_t net_activation(struct net *net, const char *name, size_t in, const struct activation *activation);

/* Group normalization followed by the activation, which must be there. A gated activation needs an input with two
 * channels per channel of the output. */
size_t net_norm(struct net *net, const char *name, size_t in, size_t groups, const struct activation *activation);

/* A gated recurrent unit (layer/gru.h) that reads a sequence, the positions of a picture of T x 1: the sequence of
 * its states, a picture of T x 1 with `units` channels, or only the last one. */
size_t net_gru(struct net *net, const char *name, size_t in, size_t units, bool last);

/* One that reads the numbers of `in` at each position, and the token of the position: one of `tokens`, or none if
 * the number that `token` [T] has there is NaN or negative. Its output is the sequence of its states. */
size_t net_gru_of_tokens(struct net *net, const char *name, size_t in, size_t token, size_t tokens, size_t units);

/* x + act(x W' + b), as wide as x: a residual block (He et al. 2016). */
size_t net_residual(struct net *net, const char *name, size_t in, const struct activation *activation);

#endif
