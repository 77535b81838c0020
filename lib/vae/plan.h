#ifndef VAE_PLAN_H
#define VAE_PLAN_H

#include "base/workers.h"
#include "nn/linear.h"

#include <stdbool.h>

/* A training step as a list of operations, each of which is cut into tiles that threads work on side by side. One
 * with many weights is cut by columns and rows, so that a weight is brought to few cores and serves many rows
 * there. Others are cut by rows only, and neighbours of that kind run one after the other as one task, since no row
 * needs what another one has. How the work is cut depends on the sizes and the backend alone, never on the threads,
 * so that any number of them gives the same bits. */

struct operation {
    void (*run)(void *context, size_t layer, const struct tile *tile);
    size_t layer;
    size_t units;   /* the columns of what it writes, in groups */
    size_t group;   /* numbers of each unit; 0 stands for 1 */
    size_t weights; /* of all of them; 0: none */
    size_t draws;   /* rows that it has for each row of the plan */
    bool chained;   /* cut as the operation before it, of which a tile needs the same tile alone */
    bool waits;     /* for all of the operation before it: no row is on its own */
    void *context;  /* for `run`; NULL: that of plan_run */
};

#define PLAN_MAX 80 /* a step of the deepest model has 60 (see vae/model_config.h) */

struct plan {
    struct operation operation[PLAN_MAX];
    size_t count;
};

/* Appends an operation. */
void plan_add(struct plan *plan, struct operation operation);

/* Runs all operations in turn over `rows` rows. A tile's rows are always the plan's. */
void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context);

/* The operations from `first` on that run as the same tasks: where they end, and how many tasks there are. */
size_t plan_phase(const struct plan *plan, size_t first, size_t rows, size_t *tasks);

/* Into how many parts a layer's outputs are cut, and which of them a tile is. */
size_t plan_parts(const struct linear *layer);
size_t plan_part(const struct linear *layer, const struct tile *tile);

#endif
