/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_UPDATE_H
#define TRAIN_UPDATE_H

#include "base/workers.h"
#include "model/pass.h"
#include "nn/optimizer.h"

/* The last part of a training step: computes the weights' gradient from the pass's deltas, and updates the weights.
 */

struct slice; /* units of a layer; their gradient is one task, together with their update if no other task needs it
               */

struct update_config {
    struct optimizer_config optimizer;
    double ema; /* decay of the moving average of the weights; 0: no average is kept */
};

struct update {
    struct model *model; /* not owned, like the passes */
    struct pass *pass;
    const struct pass
        *pseudo; /* of the prior's pseudo-inputs, which also have a gradient in the encoder; or NULL */
    const struct update_config *config;
    struct slice *slice;
    size_t slices;
    double *squares; /* [sums], of the gradient of each unit, so that its norm does not depend on the slices */
    size_t sums;
    size_t *matrix_order; /* [tensors], in the order of Muon's tasks */
    float **scratch;      /* [tensors], for the matrices that Muon updates as a whole; else NULL */
    float *own_gradient;  /* [threads, own_numbers], if no other task needs a slice's gradient; else NULL */
    size_t own_numbers;
    struct adam_step adam; /* of the present step, like the rest */
    size_t rows;
    double rate, scale;
    float decay;      /* the factor of weight decay, 1 - rate times weight_decay */
    float ema_weight; /* of the present weights in the moving average: 1 - its decay */
};

/* Prepares for a model and its pass; fields model to config must be set, the rest 0. `threads`: of the workers of
 * update_run. 0 or -1; end with update_end in both cases. */
int update_start(struct update *update, size_t threads) __attribute__((warn_unused_result));

/* Step number `step`, from 1, after the backward pass of `rows` items. */
void update_run(struct update *update, struct workers *workers, size_t rows, double rate, uint64_t step);

void update_end(struct update *update);

#endif
