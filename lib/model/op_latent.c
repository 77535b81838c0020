/* SPDX-License-Identifier: MIT */
/* The latent of each draw, without the label that follows it. */
#include "model/layers.h"

#include "kernel/math_kernel.h"

#include <string.h>

struct options {
    size_t latent;
};

static int infer(struct net *net, struct layer *layer) {
    const struct options *o = layer->options;
    (void)net;
    layer->width = o->latent;
    return 0;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    const size_t latent = layer->width, width = net_input(pass->net, layer, 0)->width;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        memcpy(pass_value(pass, layer)->out + row * latent, pass_input(pass, layer, 0)->out + row * width,
               latent * sizeof(float));
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                     const struct step *step) {
    const size_t latent = layer->width, width = net_input(pass->net, layer, 0)->width;
    (void)step;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        float *dz = pass_input(pass, layer, 0)->dout + row * width;
        if (!layer->adds[0])
            memset(dz, 0, width * sizeof *dz);
        math_kernel()->add(dz, pass_value(pass, layer)->dout + row * latent, latent);
    }
}

static const struct op op_latent = {
    .name = "latent", .backward_inputs = 1, .infer = infer, .forward = forward, .backward = backward};

size_t net_latent(struct net *net, size_t z, size_t latent) {
    const struct options options = {latent};
    return net_add(net, &op_latent, "latent", &options, sizeof options, 1, &z);
}
