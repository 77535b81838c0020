/* SPDX-License-Identifier: MIT */
/* The posterior q(z|x) = N(mu, diag sigma^2). Its gradient is the one with respect to mu and the clamped logvar. */
#include "dist/latent.h"
#include "model/layers.h"
#include "nn/graph.h"

struct options {
    float logvar_bound;
};

static int infer(struct net *net, struct layer *layer) {
    layer->width = net_input(net, layer, 0)->width;
    layer->kept = layer->width / 2; /* sigma */
    return 0;
}

float *posterior_heads(const struct pass *pass, size_t posterior, size_t item) {
    return pass->value[posterior].out + item * pass->net->layer[posterior].width;
}

static float *sigma(const struct pass *pass, size_t posterior, size_t item) {
    return pass->value[posterior].kept + item * pass->net->layer[posterior].kept;
}

const float *posterior_sigma(const struct pass *pass, size_t posterior, size_t item) {
    return sigma(pass, posterior, item);
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    const struct options *o = layer->options;
    const size_t posterior = layer->number;
    for (size_t item = tile->row; item < tile->row + tile->rows; item++)
        latent_posterior(posterior_heads(pass, posterior, item), sigma(pass, posterior, item), o->logvar_bound,
                         layer->kept);
}

/* mu and the clamped logvar. */
static size_t describe(struct graph *g, const struct layer *layer) {
    const struct options *o = layer->options;
    const size_t in = graph_input(g, layer, 0);
    return graph_add(
        g, layer,
        (struct node){
            .kind = NODE_CLAMP, .inputs = 1, .in = {in}, .first = layer->kept, .bound = (double)o->logvar_bound});
}

static const struct op op_posterior = {
    .name = "posterior", .in_place = true, .infer = infer, .forward = forward, .describe = describe};

size_t net_posterior(struct net *net, size_t heads, double logvar_bound) {
    const struct options options = {(float)logvar_bound};
    return net_add(net, &op_posterior, "posterior", &options, sizeof options, 1, &heads);
}
