/* SPDX-License-Identifier: MIT */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "base/workers.h"
#include "nn/pass.h"

/* A pass as a list of operations. Each is divided into tiles, which are tasks that threads run side by side. An
 * operation with many weights is divided by units and rows, so that each weight is loaded by few cores and used for
 * many rows there. Other operations are divided by rows only. Neighbouring operations of that kind are one stage:
 * they run as the same tasks, since no row depends on another. The division depends on the sizes and the backend,
 * but not on the threads, so that any number of threads gives the same bits. */

struct operation {
    void (*run)(struct pass *pass, const struct layer *layer, const struct tile *tile, const struct step *step);
    struct pass *pass;
    const struct layer *layer; /* whose rows a tile has; for `run` */
    size_t units;              /* that the operation is divided into, if it is not divided by rows only */
    size_t group;              /* numbers that it writes per unit; 0 stands for 1 */
    size_t weights;            /* that it reads; 0: it is divided by rows only */
    bool chained; /* a tile depends on the same tile of the operation before only: both are divided alike */
    bool waits;   /* each row depends on all rows of the operation before */
};

struct plan {
    struct operation *operation; /* owned */
    size_t count;
};

/* Appends an operation. 0 or -1. */
int plan_add(struct plan *plan, struct operation operation) __attribute__((warn_unused_result));

/* Appends the operations of the layers [from, to) of a pass in one direction: backward only of layers of which an
 * input's gradient is wanted. 0 or -1. */
int plan_layers(struct plan *plan, struct pass *pass, size_t from, size_t to, enum direction direction)
    __attribute__((warn_unused_result));

/* The operation that is a layer's own in one direction. */
struct operation plan_layer(struct pass *pass, const struct layer *layer, enum direction direction);

/* Runs all operations in turn for the first `items` items of their passes. */
void plan_run(const struct plan *plan, struct workers *workers, size_t items, const struct step *step);

/* Returns the end of the stage that begins with operation `first`. *tasks is the number of its tasks. */
size_t plan_stage(const struct plan *plan, size_t first, size_t items, size_t *tasks);

void plan_free(struct plan *plan);

#endif
