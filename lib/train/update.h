/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_UPDATE_H
#define TRAIN_UPDATE_H

#include "base/workers.h"
#include "model/objective.h"
#include "nn/optimizer.h"
#include "nn/pass.h"

#include <stdatomic.h>

/* The last part of a training step: computes the gradient with respect to the parameters from the gradients with
 * respect to the layers' outputs, and updates the parameters. */

/* Some units of a layer, or some of the pseudo-inputs. One task computes the gradient of these units, and also
 * updates them if no other task needs the gradient. */
struct part;

struct update_config {
    struct optimizer_config optimizer;
    double ema; /* decay of the moving average of the parameters; 0: no average is kept */
};

struct update {
    struct net *net; /* not owned, like the passes */
    struct pass *pass;
    /* Of the pseudo-inputs, which also contribute to the encoder's gradient; NULL: there are none. */
    struct pass *pseudo;
    size_t pseudo_inputs, pseudo_size; /* their offset in the table of parameters, and how many numbers they have */
    const struct update_config *config;
    bool in_splits;    /* the gradient is in the table of parameters when update_run is called */
    struct part *part; /* [parts]; owned, like the arrays below */
    size_t parts;
    double *squares; /* [sums], sums of squares per unit of the gradient, so that its norm does not depend on the
                        parts */
    size_t sums;
    size_t *matrix_order; /* [tensors], the order of Muon's tasks; NULL without Muon */
    float **scratch;      /* [tensors], Muon's scratch for a matrix, NULL for other tensors; NULL without Muon */
    float *own_gradient;  /* [threads, own_numbers], one gradient of a part per thread, if no other task needs it;
                             else NULL */
    size_t own_numbers;
    atomic_bool overflowed; /* a moment is not finite after this step */
};

/* Prepares updates of a net. The fields from net to in_splits must be set, the others 0. `threads`: number of
 * threads of the workers of update_run. 0, or -1 if memory runs out; end with update_end in both cases. */
int update_start(struct update *update, size_t threads) __attribute__((warn_unused_result));

/* For a step in splits: computes the gradient of the layers [from, to) in the table of parameters, after the
 * backward pass of a split has gone through them. */
void update_gradient(struct update *update, struct workers *workers, const struct step *step, size_t from,
                     size_t to);

/* Updates the parameters, and their moving average if there is one. Called after the backward pass of a step.
 * Returns whether the optimizer's moments are finite. */
bool update_run(struct update *update, struct workers *workers, const struct step *step);

void update_end(struct update *update);

#endif
