#ifndef VAE_PLAN_H
#define VAE_PLAN_H

#include "base/workers.h"
#include "nn/linear.h"

#include <stdbool.h>

/* A training step as a row of operations, each of which is cut into tiles that threads work on side by side. One
 * on a layer with many weights is cut by the layer's units, so that a weight is brought to one core only and serves
 * all rows there; others are cut by rows, and neighbours of that kind run one behind the other as one task, since
 * no row needs what another one has. How the work is cut depends on the sizes alone, never on the threads, so that
 * any number of them gives the same bits. */

struct operation {
    void (*run)(void *context, size_t layer, const struct tile *tile);
    size_t layer;
    size_t units;   /* that its tiles' columns stand for */
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

/* So many of a layer's units are one task's, and so many tasks that makes. */
size_t plan_units(size_t units, size_t weights);
size_t plan_parts(size_t units, size_t weights);

/* The same of a layer, whose groups of units stay whole. */
size_t plan_layer_units(const struct linear *layer);
size_t plan_layer_parts(const struct linear *layer);

#endif
