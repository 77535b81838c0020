#ifndef VAE_PLAN_H
#define VAE_PLAN_H

#include "base/workers.h"
#include "nn/linear.h"

/* A training step as a row of operations, each of which is cut into tiles that threads work on side by side. An
 * operation with many weights is cut by its columns, so that a weight is brought to one core only and serves all
 * rows there; others are cut by rows, and neighbours of that kind run one behind the other as one task, since no
 * row needs what another one has. How the work is cut depends on the sizes alone, never on the threads, so that any
 * number of them gives the same bits. */

struct operation {
    void (*run)(void *context, size_t layer, const struct tile *tile);
    size_t layer;
    size_t columns; /* of the matrix that it makes */
    size_t weights; /* that it multiplies with; 0: none */
};

#define PLAN_MAX 64 /* a step of the deepest model has 40 (see vae/model_config.h) */

struct plan {
    struct operation operation[PLAN_MAX];
    size_t count;
};

/* Appends an operation. */
void plan_add(struct plan *plan, struct operation operation);

/* Runs all operations in turn over `rows` rows. */
void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context);

/* So many columns of so many in all have about as many weights as one task should have. */
size_t plan_columns(size_t columns, size_t weights);

#endif
