/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_UPDATE_H
#define TRAIN_UPDATE_H

#include "base/workers.h"
#include "model/objective.h"
#include "nn/optimizer.h"
#include "nn/pass.h"

/* The last part of a training step: computes the gradient with respect to the parameters from the gradients with
 * respect to the layers' outputs, and updates the parameters. */

struct part; /* units of a layer: their gradient is one task, together with their update if no other task needs it
              */

struct update_config {
    struct optimizer_config optimizer;
    double ema; /* decay of the moving average of the parameters; 0: no average is kept */
};

struct update {
    struct net *net; /* not owned, like the passes */
    struct pass *pass;
    struct pass *pseudo; /* of a VampPrior's pseudo-inputs, which also give the encoder a gradient; or NULL */
    size_t pseudo_inputs,
        pseudo_size; /* their place in the table of parameters, if there are any, and their number */
    const struct update_config *config;
    struct part *part;
    size_t parts;
    double *squares; /* [sums], of the gradient of each unit, so that its norm does not depend on the parts */
    size_t sums;
    size_t *matrix_order; /* [tensors], in the order of Muon's tasks */
    float **scratch;      /* [tensors], for the matrices that Muon updates as a whole; else NULL */
    float *own_gradient;  /* [threads, own_numbers], if no other task needs a part's gradient; else NULL */
    size_t own_numbers;
};

/* Prepares for a net and its pass; fields net to config must be set, the rest 0. `threads`: of the workers of
 * update_run. 0 or -1; end with update_end in both cases. */
int update_start(struct update *update, size_t threads) __attribute__((warn_unused_result));

/* After the backward pass of a step. */
void update_run(struct update *update, struct workers *workers, const struct step *step);

void update_end(struct update *update);

#endif
