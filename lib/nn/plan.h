/* SPDX-License-Identifier: MIT */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "base/workers.h"
#include "nn/linear.h"

#include <stdbool.h>

/* A training step as a list of operations. Each is cut into tiles, which are tasks that threads run side by side.
 * An operation with many weights is cut by columns and rows, so that each weight is loaded by few cores and used
 * for many rows there. Other operations are cut by rows only. Neighbouring operations of that kind are one task,
 * since no row depends on another. How the work is cut depends on the sizes and the backend, but not on the
 * threads, so that any number of threads gives the same bits. */

struct operation {
    void (*run)(void *context, size_t layer, const struct tile *tile);
    size_t layer;   /* for `run` */
    size_t units;   /* the columns of the array that it writes; each has `group` numbers */
    size_t group;   /* 0 stands for 1 */
    size_t weights; /* of all units; 0: none */
    size_t draws;   /* its rows per row of the plan */
    bool
        chained; /* a tile depends on the same tile of the operation before only: both are cut alike, as one task */
    bool waits;  /* each row depends on all rows of the operation before */
    void *context; /* for `run`; NULL: that of plan_run */
};

#define PLAN_MAX 80 /* a step of the deepest model has 60 (see model/model_config.h) */

struct plan {
    struct operation operation[PLAN_MAX];
    size_t count;
};

/* Appends an operation. */
void plan_add(struct plan *plan, struct operation operation);

/* Runs all operations in turn over `rows` rows. The rows of the tiles that `run` gets are rows of the plan, and
 * their columns are units. */
void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context);

/* Returns the end of the operations from `first` on that are one phase, that is, that run as the same tasks. *tasks
 * is the number of tasks. */
size_t plan_phase(const struct plan *plan, size_t first, size_t rows, size_t *tasks);

/* The number of parts that a layer's outputs are cut into, and the index of the part that a tile belongs to. */
size_t plan_parts(const struct linear *layer);
size_t plan_part(const struct linear *layer, const struct tile *tile);

#endif
