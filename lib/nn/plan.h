/* SPDX-License-Identifier: MIT */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "base/workers.h"
#include "nn/pass.h"

/* A pass as a list of operations. Each operation is divided into tiles; a tile is a task, and threads run tasks in
 * parallel. An operation with many weights is divided by units and rows, so that each weight is loaded by few cores
 * and used for many rows there. Other operations are divided by rows only. Consecutive operations of this kind
 * form a stage: a task runs all of them for its rows, since no row depends on another one. The division depends on
 * the sizes, the backend and the number of items that plan_run is given. No number depends on how rows are divided,
 * except with OpenBLAS, where a pass has one micro-batch; and sums over rows are made by ranges (nn/pass.h). So any
 * number of threads gives the same bits. */

struct operation {
    void (*run)(struct pass *pass, const struct layer *layer, const struct tile *tile, const struct step *step);
    struct pass *pass;
    const struct layer *layer; /* passed to `run`; the rows of tiles are rows of this layer */
    size_t units;              /* number of units, if the operation is divided by units */
    size_t group;              /* numbers that it writes per unit; 0 stands for 1 */
    size_t weights;            /* number of weights that it reads; 0: it is divided by rows only */
    bool chained; /* a tile depends only on the same tile of the previous operation, which is divided in the same
                     way */
    bool waits;   /* each row depends on all rows of the previous operation */
    bool back;    /* the last one of its layer in the backward direction */
};

struct plan {
    struct operation *operation; /* owned */
    size_t count;
    /* Its partial gradients are added up at the end, see pass_sum; not owned; NULL: there are none. */
    struct pass *sums;
};

/* Appends a copy of an operation. 0, or -1 if memory runs out. */
int plan_add(struct plan *plan, struct operation operation) __attribute__((warn_unused_result));

/* Appends the operations of the layers [from, to) of a pass in one direction. In the backward direction, leaves out
 * layers if the gradient is wanted for none of their inputs. 0, or -1 if memory runs out. */
int plan_layers(struct plan *plan, struct pass *pass, size_t from, size_t to, enum direction direction)
    __attribute__((warn_unused_result));

/* Returns the operation of a layer in one direction. */
struct operation plan_layer(struct pass *pass, const struct layer *layer, enum direction direction);

/* What is told of the backward direction between two stages: it has gone through the layers from number `layer` on,
 * so that op->gradient can be called for those of them that are not ranged. */
struct plan_watch {
    void (*reached)(void *context, size_t layer);
    void *context;
};

/* Runs all operations, one stage after the other, for the first `items` items of their passes. watch: NULL, or is
 * told how far it is. */
void plan_run(const struct plan *plan, struct workers *workers, size_t items, const struct step *step,
              const struct plan_watch *watch);

/* Returns the end of the stage that begins with operation `first`, and sets *tasks to the number of its tasks. */
size_t plan_stage(const struct plan *plan, size_t first, size_t items, size_t *tasks);

void plan_free(struct plan *plan);

#endif
