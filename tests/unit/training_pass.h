/* SPDX-License-Identifier: MIT */
#ifndef UNIT_TRAINING_PASS_H
#define UNIT_TRAINING_PASS_H

#include "model/bound.h"
#include "nn/division.h"
#include "nn/plan.h"
#include "test.h"

/* The forward and backward pass of a training step, for tests of gradients: the operations of a plan in turn, in
 * tiles that are cut here, smaller than those that training makes of such small layers. */

/* Columns [unit, unit + units) of an operation: the rows of the first item, then the others. */
static void run_columns(const struct operation *o, struct tile tile, size_t rows, const struct step *step) {
    const size_t first = pass_rows_per_item(o->pass, o->layer), left = o->units - tile.unit;
    tile.units = left < tile.units ? left : tile.units;
    tile.rows = first;
    o->run(o->pass, o->layer, &tile, step);
    tile.row = first;
    tile.rows = rows - first;
    o->run(o->pass, o->layer, &tile, step);
}

/* Forward: a tile for each part of an operation that is divided by units; such a part begins with a panel. */
static void run_forward(const struct operation *o, size_t rows, const struct step *step) {
    const size_t parts = o->weights == 0 ? 1 : division_parts(o->layer);
    const size_t even = (o->units + parts - 1) / parts,
                 units = parts == 1 ? o->units : (even + PANEL - 1) / PANEL * PANEL;
    for (size_t part = 0; part < parts; part++) {
        EXPECT(part * units < o->units, "%s: part %zu is empty", o->layer->name, part);
        run_columns(o, (struct tile){.unit = part * units, .units = units, .part = part}, rows, step);
    }
}

/* Backward: in tiles of few columns, as wide layers are trained. */
static void run_backward(const struct operation *o, size_t rows, const struct step *step) {
    const size_t columns = o->weights == 0 ? o->units : PANEL;
    for (size_t unit = 0; unit < o->units; unit += columns)
        run_columns(o, (struct tile){.unit = unit, .units = columns, .part = unit / columns}, rows, step);
}

static void run_layers(struct pass *p, enum direction direction, const struct step *step) {
    struct plan plan = {0};
    EXPECT(plan_layers(&plan, p, p->from, p->to, direction) == 0, "%s", error_message());
    for (size_t i = 0; i < plan.count; i++) {
        const struct operation *o = &plan.operation[i];
        (direction == DIRECTION_FORWARD ? run_forward
                                        : run_backward)(o, step->items * pass_rows_per_item(p, o->layer), step);
    }
    if (plan.sums != NULL)
        pass_sum(p, step->items, 0, 1);
    plan_free(&plan);
}

/* Adds the gradient of the parameters of all layers of a pass: in two parts, as layers are updated. */
static void add_gradients(struct pass *p, size_t items) {
    for (size_t i = p->from; i < p->to; i++) {
        const struct layer *layer = &p->net->layer[i];
        const size_t half = layer->own_whole ? 0 : layer->own_units / 2;
        for (size_t unit = 0; layer->owns > 0 && unit < layer->own_units;) {
            float *own[LAYER_PARAMETERS];
            const size_t units = unit < half ? half : layer->own_units - unit;
            for (size_t j = 0; j < layer->owns; j++)
                own[j] = p->net->parameters.gradient + layer->own[j].offset + unit * layer->own[j].each;
            layer->op->gradient(
                p, layer,
                &(struct tile){.rows = items * pass_rows_per_item(p, layer), .unit = unit, .units = units}, 1, 1,
                own);
            unit += units;
        }
    }
}

/* x and epsilon -> the gradients with respect to the layers' outputs, and bound [items], which is of the whole
 * step.
 */
static void run_training_pass(struct pass *p, const struct model *m, const struct step *step, double *bound) {
    pass_pack(p, &p->net->layer[m->x], 0, 1);
    pass_pack(p, &p->net->layer[m->x], 1, step->items - 1);
    run_layers(p, DIRECTION_FORWARD, step);
    bound_weigh(p, m, step->objective, 0, step->items, bound);
    run_layers(p, DIRECTION_BACKWARD, step);
}

#endif
