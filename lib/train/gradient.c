/* SPDX-License-Identifier: MIT */
#include "train/gradient.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS ((size_t)1 << 16) /* that are worth a message of their own */

/* Layers whose gradient is computed together, and its numbers. */
struct layer_group {
    size_t from, to;    /* the layers [from, to) */
    size_t first, size; /* the numbers [first, first + size) of the table of parameters */
    bool late;          /* some are known only after the whole backward pass */
};

/* Returns whether the layer's gradient needs more than the backward pass of the layers from it on: the sum over
 * ranges, or the pass of the pseudo-inputs. */
static bool is_late(const struct update *u, const struct layer *layer) {
    return layer->partial > 0 || (u->pseudo != NULL && layer->number < u->pseudo->to);
}

/* Returns the first number of the layer's parameters, or `end` if none of them is learned by gradient. */
static size_t first_number(const struct layer *layer, size_t end) {
    size_t first = end;
    for (size_t j = 0; j < layer->owns; j++)
        first = smaller(first, layer->own[j].offset);
    return first;
}

/* Cuts the layers into groups, from the last one to the first: the parameters of a layer lie before those of the
 * next one. The pseudo-inputs, behind all layers, are a group of their own. */
static void make_groups(struct gradient *g) {
    const struct update *u = g->update;
    size_t to = u->net->layers, end = u->net->parameters.size;
    if (u->pseudo != NULL) {
        g->group[g->groups++] = (struct layer_group){to, to, u->pseudo_inputs, end - u->pseudo_inputs, true};
        end = u->pseudo_inputs;
    }
    while (end > 0) {
        const bool late = is_late(u, &u->net->layer[to - 1]);
        size_t from = to, first = end;
        for (; from > 0 && end - first < NUMBERS && is_late(u, &u->net->layer[from - 1]) == late; from--)
            first = first_number(&u->net->layer[from - 1], first);
        g->group[g->groups++] = (struct layer_group){from, to, first, end - first, late};
        to = from;
        end = first;
    }
}

/* Puts the groups that wait for the end of the backward pass behind the others. */
static void sort_groups(struct gradient *g, struct layer_group *sorted) {
    size_t n = 0;
    for (int late = 0; late <= 1; late++)
        for (size_t i = 0; i < g->groups; i++)
            if (g->group[i].late == (late == 1))
                sorted[n++] = g->group[i];
    memcpy(g->group, sorted, n * sizeof *sorted);
}

int gradient_start(struct gradient *g, size_t count, struct update *u, struct workers *workers) {
    const struct parameters *p = &u->net->parameters;
    const size_t most = u->net->layers + 1;
    size_t largest = 0;
    *g = (struct gradient){.update = u, .workers = workers};
    if (splits_start(&g->splits, count, workers, p->gradient, p->size) < 0)
        return -1;
    if (count == 1)
        return 0;
    struct layer_group *sorted = calloc(most, sizeof *sorted);
    g->group = calloc(most, sizeof *g->group);
    if (sorted == NULL || g->group == NULL) {
        free(sorted);
        return fail("training: out of memory for %zu splits", count);
    }
    make_groups(g);
    sort_groups(g, sorted);
    free(sorted);
    for (size_t i = 0; i < g->groups; i++)
        largest = larger(largest, g->group[i].size);
    return exchange_start(&g->exchange, p->gradient, g->groups, largest);
}

void gradient_begin(struct gradient *g, const struct step *step, size_t split) {
    g->step = step;
    g->split = split;
    g->ready = 0;
}

/* Computes the gradient of a group in the table, and adds it to the sum. */
static void compute(struct gradient *g, const struct layer_group *group) {
    float *gradient = g->splits.sum + group->first;
    if (g->step->items == 0)
        memset(gradient, 0, group->size * sizeof *gradient);
    else
        update_gradient(g->update, g->workers, g->step, group->from, group->to);
    splits_add(&g->splits, g->split, group->first, group->size);
    if (g->split + 1 == g->splits.end)
        exchange_begin(&g->exchange, group->first, group->size);
}

void gradient_reached(struct gradient *g, size_t layer) {
    for (; g->ready < g->groups && !g->group[g->ready].late && g->group[g->ready].from >= layer; g->ready++)
        compute(g, &g->group[g->ready]);
}

void gradient_finish(struct gradient *g) {
    for (; g->ready < g->groups; g->ready++)
        compute(g, &g->group[g->ready]);
}

void gradient_sum(struct gradient *g) {
    exchange_finish(&g->exchange);
}

void gradient_end(struct gradient *g) {
    exchange_end(&g->exchange);
    splits_end(&g->splits);
    free(g->group);
    g->group = NULL;
}
