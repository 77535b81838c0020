/* SPDX-License-Identifier: MIT */
/* Numbers that the caller of a pass sets. */
#include "op/ops.h"

static int infer(struct net *net, struct layer *layer) {
    (void)net;
    layer->width = *(const size_t *)layer->options;
    return 0;
}

const struct op op_input = {.name = "input", .infer = infer};

size_t net_input_layer(struct net *net, const char *name, size_t width) {
    return net_add(net, &op_input, name, &width, sizeof width, 0, NULL);
}
