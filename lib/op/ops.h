/* SPDX-License-Identifier: MIT */
#ifndef OP_OPS_H
#define OP_OPS_H

#include "nn/activation.h"
#include "nn/net.h"

/* The ops of this room, and how a net gets layers of them. Each function returns the layer's index, see net_add.
 * `in` is the index of the layer that is read. activation NULL: none. */

extern const struct op op_input, op_linear, op_residual;

/* Numbers that the caller of a pass sets: [items, width]. */
size_t net_input_layer(struct net *net, const char *name, size_t width);

/* act(x W' + b), `units` numbers. */
size_t net_linear(struct net *net, const char *name, size_t in, size_t units, const struct activation *activation);

/* x W' + b, `units` units of `group` neighbouring numbers each: a tile has whole units. */
size_t net_linear_groups(struct net *net, const char *name, size_t in, size_t units, size_t group);

/* Two linear layers of `units` numbers each as one layer, the first one's output followed by the second one's. The
 * tensors are named after both. */
size_t net_linear_pair(struct net *net, const char *name, const char *const pair[2], size_t in, size_t units);

/* x + act(x W' + b), as wide as x: a residual block (He et al. 2016). */
size_t net_residual(struct net *net, const char *name, size_t in, const struct activation *activation);

#endif
