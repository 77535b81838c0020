/* SPDX-License-Identifier: MIT */
#include "nn/plan.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "nn/division.h"

#include <stdlib.h>

#define SUM_PARTS 32 /* tasks that add up partial gradients */

int plan_add(struct plan *plan, struct operation operation) {
    struct operation *grown = memory_grow(plan->operation, plan->count, sizeof *grown);
    if (grown == NULL)
        return fail("model: out of memory for a plan of %zu operations", plan->count + 1);
    plan->operation = grown;
    plan->operation[plan->count++] = operation;
    return 0;
}

void plan_free(struct plan *plan) {
    free(plan->operation);
    *plan = (struct plan){0};
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                    const struct step *step) {
    (void)step;
    pass_layer_forward(pass, layer, tile);
}

struct operation plan_layer(struct pass *pass, const struct layer *layer, enum direction direction) {
    const bool back = direction == DIRECTION_BACKWARD;
    return (struct operation){.run = back ? pass_layer_backward : forward,
                              .pass = pass,
                              .layer = layer,
                              .units = back ? net_input(pass->net, layer, 0)->width : layer->units,
                              .group = back ? 1 : layer->group,
                              .weights = layer->weights,
                              .chained = !back && layer->chained};
}

/* Adds the operation of a ranged layer that computes its gradient range by range, if it has one. 0 or -1. */
static int add_gradient_of_range(struct plan *plan, struct pass *pass, const struct layer *layer) {
    return layer->op->gradient_of_range == NULL
               ? 0
               : plan_add(plan, (struct operation){.run = layer->op->gradient_of_range,
                                                   .pass = pass,
                                                   .layer = layer,
                                                   .units = layer->width});
}

static bool is_wanted(const struct pass *pass, const struct layer *layer, enum direction direction) {
    if (direction == DIRECTION_FORWARD)
        return layer->op->forward != NULL;
    for (size_t i = 0; i < net_backward_inputs(layer); i++)
        if (pass_input(pass, layer, i)->dout != NULL)
            return true;
    return false;
}

int plan_layers(struct plan *plan, struct pass *pass, size_t from, size_t to, enum direction direction) {
    for (size_t i = 0; i < to - from; i++) {
        const bool back = direction == DIRECTION_BACKWARD;
        const struct layer *layer = &pass->net->layer[back ? to - 1 - i : from + i];
        const size_t before = plan->count;
        if (back && add_gradient_of_range(plan, pass, layer) < 0)
            return -1;
        if (is_wanted(pass, layer, direction) &&
            (layer->op->plan != NULL ? layer->op->plan(plan, pass, layer, direction)
                                     : plan_add(plan, plan_layer(pass, layer, direction))) < 0)
            return -1;
        if (back && plan->count > before)
            plan->operation[plan->count - 1].back = true;
    }
    for (size_t i = from; i < to; i++)
        if (direction == DIRECTION_BACKWARD && pass->net->layer[i].partial > 0)
            plan->sums = pass;
    return 0;
}

static size_t draws_of(const struct operation *o) {
    return pass_rows_per_item(o->pass, o->layer);
}

static struct division division_of(const struct operation *o, size_t items) {
    return divide(&(struct work_size){.items = items,
                                      .draws = draws_of(o),
                                      .units = o->units,
                                      .group = o->group,
                                      .weights = o->weights,
                                      .range = o->layer->ranged ? pass_range_items(o->pass, o->layer) : 0});
}

/* The operations [first, end) of a plan, all divided like the first one. A task runs the same tile of each, one
 * after the other. */
struct stage {
    const struct plan *plan;
    size_t first, end, items;
    struct division division;
    const struct step *step;
};

static void run_task(void *context, size_t i) {
    const struct stage *s = context;
    const size_t part = i / s->division.down, item = i % s->division.down * s->division.items;
    const size_t items = smaller(s->division.items, s->items - item);
    for (size_t o = s->first; o < s->end; o++) {
        const struct operation *operation = &s->plan->operation[o];
        const size_t draws = draws_of(operation), units = division_of(operation, s->items).units;
        const struct tile tile = {.row = item * draws,
                                  .rows = items * draws,
                                  .unit = part * units,
                                  .units =
                                      smaller(units, (operation->units > 0 ? operation->units : 1) - part * units),
                                  .part = part};
        operation->run(operation->pass, operation->layer, &tile, s->step);
    }
}

static bool belongs(const struct stage *stage, const struct operation *next) {
    const struct division d = division_of(next, stage->items);
    return !next->waits &&
           (next->chained || (stage->division.across == 1 && d.across == 1 && d.items == stage->division.items));
}

static struct stage stage_from(const struct plan *plan, size_t first, size_t items) {
    struct stage stage = {.plan = plan, .first = first, .end = first + 1, .items = items};
    stage.division = division_of(&plan->operation[first], items);
    while (stage.end < plan->count && belongs(&stage, &plan->operation[stage.end]))
        stage.end++;
    return stage;
}

size_t plan_stage(const struct plan *plan, size_t first, size_t items, size_t *tasks) {
    const struct stage stage = stage_from(plan, first, items);
    *tasks = stage.division.down * stage.division.across;
    return stage.end;
}

/* Some of the pass's partial gradients. */
static void run_sum(void *context, size_t i) {
    const struct stage *s = context;
    pass_sum(s->plan->sums, s->items, i, SUM_PARTS);
}

/* Tells how far the backward direction has come with this stage, if it belongs to it. */
static void tell(const struct stage *s, const struct plan_watch *watch) {
    for (size_t o = s->end; o-- > s->first;)
        if (s->plan->operation[o].back) {
            watch->reached(watch->context, s->plan->operation[o].layer->number);
            return;
        }
}

void plan_run(const struct plan *plan, struct workers *workers, size_t items, const struct step *step,
              const struct plan_watch *watch) {
    for (size_t first = 0; first < plan->count;) {
        struct stage stage = stage_from(plan, first, items);
        stage.step = step;
        workers_run(workers, stage.division.down * stage.division.across, run_task, &stage);
        if (watch != NULL)
            tell(&stage, watch);
        first = stage.end;
    }
    if (plan->sums != NULL)
        workers_run(workers, SUM_PARTS, run_sum, &(struct stage){.plan = plan, .items = items});
}
