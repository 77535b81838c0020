/* SPDX-License-Identifier: MIT */
#ifndef UNIT_LAYER_GRADIENT_H
#define UNIT_LAYER_GRADIENT_H

#include "model/pass.h"

/* Adds the gradient of a layer's units [first, first + units) to the model's: a panel of inputs at a time. */
static void add_layer_gradient(const struct pass *p, size_t index, size_t rows, size_t first, size_t units) {
    const struct model *m = p->model;
    const struct linear *layer = &m->layer[index];
    const struct linear_input input = pass_input(p, index);
    for (size_t column = 0; column < layer->in; column += PANEL) {
        const size_t left = layer->in - column;
        const struct tile tile = {first, units, column, left < PANEL ? left : PANEL};
        const struct linear_gradient gradient = {m->parameters.gradient + layer->weight +
                                                     tile_offset(&tile, layer->in),
                                                 m->parameters.gradient + layer->bias + first};
        linear_gradient(layer, p->delta[index], &input, rows, &tile, 1, 1, &gradient);
    }
}

#endif
