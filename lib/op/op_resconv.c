/* SPDX-License-Identifier: MIT */
/* Residual blocks of pictures, with the activation first (He et al. 2016, "Identity mappings"):
 * y = x + conv(act(conv(act(x)))), as wide as x, with kernels of 3x3. */
#include "base/error.h"
#include "op/hidden.h"
#include "op/ops.h"

#include <stdio.h>

#define KERNEL 3

static int check(const struct hidden_layer *layer, const struct hidden_layer *before, const struct image *in,
                 const struct activation *a, const char *name) {
    (void)layer, (void)before, (void)in;
    return a->group == 1
               ? 0
               : fail("%s: found resconv with the activation %s, wanted another activation", name, a->name);
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    struct net *net = place->net;
    char name[3][LAYER_NAME + 2];
    (void)layer;
    if (net->failed)
        return 0;
    for (int i = 0; i < 3; i++)
        snprintf(name[i], sizeof name[i], "%s.%d", place->name, i);
    const size_t channels = net->layer[place->in].image.channels,
                 a = net_activation(net, name[0], place->in, place->activation),
                 b = net_conv(net, name[1], a, channels, KERNEL, 1, place->activation);
    return net_conv_skip(net, name[2], b, place->in, KERNEL);
}

const struct hidden_kind hidden_kind_resconv = {.name = "resconv",
                                                .usage = "resconv",
                                                .counts = 1 << 0,
                                                .check = check,
                                                .keeps_shape = true,
                                                .reads_pictures = true,
                                                .convolves = true,
                                                .add = add_hidden};
