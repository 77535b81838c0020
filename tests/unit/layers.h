/* SPDX-License-Identifier: MIT */
#ifndef UNIT_LAYERS_H
#define UNIT_LAYERS_H

#include "base/noise.h"
#include "model/model.h"
#include "op/dense.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* The fully connected layers of a model in the order of the forward pass, for references that compute the model in
 * double: first the encoder's, then `heads`, which computes mu and logvar, then the decoder's, of which `last` is
 * the output. */
struct dense_layer {
    size_t in, out, group; /* `group` numbers of the product for each unit */
    size_t weight, bias;   /* offsets in the table of parameters */
    bool hidden;           /* the activation follows it */
    bool residual;         /* its input is added to its output */
};

struct dense_layers {
    size_t count, heads, last;
    struct dense_layer layer[2 * HIDDEN_MAX + 2];
};

static inline struct dense_layers dense_layers(const struct model *m) {
    struct dense_layers list = {0};
    for (size_t i = 0; i < m->net.layers; i++) {
        const struct layer *layer = &m->net.layer[i];
        if (layer->weights == 0 || layer->owns != 2) /* weights and biases */
            continue;
        const struct dense *dense = dense_of(layer);
        if (i == m->net.layer[m->posterior].in[0])
            list.heads = list.count;
        if (i == m->output)
            list.last = list.count;
        list.layer[list.count++] = (struct dense_layer){.in = dense->in,
                                                        .out = dense->out,
                                                        .group = layer->group,
                                                        .weight = layer->own[0].offset,
                                                        .bias = layer->own[1].offset,
                                                        .hidden = dense->activation != NULL,
                                                        .residual = strcmp(layer->op->name, "res") == 0};
    }
    return list;
}

/* The scales that are parameters: their place in the table, and their number. */
static inline size_t scale_offset(const struct model *m) {
    return m->net.layer[m->likelihood].own[0].offset;
}

static inline size_t scale_count(const struct model *m) {
    return m->net.layer[m->likelihood].own_units;
}

/* A list of hidden layers, from its text. */
static inline struct hidden hidden_of(const char *text) {
    struct hidden hidden = {0};
    EXPECT(hidden_parse(&hidden, "test", text) == 0, "%s", error_message());
    return hidden;
}

/* Sets epsilon of all draws of a pass. */
static inline void set_epsilon(const struct model *m, const struct pass *p, uint64_t seed) {
    const size_t latent = m->config.latent, rows = p->items * p->draws;
    float *epsilon = malloc(rows * latent * sizeof *epsilon);
    noise_normal(epsilon, rows * latent, (struct noise){.seed = seed});
    for (size_t row = 0; row < rows; row++)
        memcpy(draw_epsilon(p, m->z, row), epsilon + row * latent, latent * sizeof *epsilon);
    free(epsilon);
}

#endif
