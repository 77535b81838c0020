/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H

#include "base/workers.h"
#include "model/bound.h"
#include "model/elbo.h"
#include "nn/plan.h"
#include "query/latent_sums.h"
#include "stream/dataset.h"
#include "train/schedule.h"
#include "train/update.h"
#include "train/vamp.h"

/* Training by stochastic gradient ascent on the ELBO: Kingma and Welling 2014, algorithm 1, with one of the
 * optimizers of nn/optimizer.h. A step is a plan of operations, divided into tiles (nn/plan.h), and then an update,
 * divided into parts of layers (train/update.h). The division depends on the batch, the model and the backend, but
 * not on the threads, so that any number of threads gives the same bits. */

struct training {
    struct model *model; /* not owned, like the next three */
    const struct dataset *data;
    const uint32_t *label; /* of its items, if the model is conditional on them; else NULL */
    struct workers *workers;
    size_t batch;
    double rate;
    uint64_t seed;
    struct objective objective;
    struct schedule schedule;
    double epochs; /* of the whole run, which the schedule spans */
    struct update_config update_config;
    uint64_t epoch, step;             /* the epoch at work, from 1; steps done in all */
    size_t position;                  /* items of the epoch done */
    double reconstruction, kl, bound; /* sums over them */
    struct latent_sums *latents;      /* [latent] over them */
    struct elbo last;                 /* of the epoch before */
    struct pass pass;
    struct plan plan;
    uint32_t *order; /* the epoch's permutation of the items */
    struct update update;
    struct vamp vamp;             /* of a prior that has pseudo-inputs */
    double *item_bound;           /* [batch], of the step's items, nats */
    double last_rate;             /* of the last step */
    struct deviations deviations; /* of the epoch, if the scale is the best one for each batch */
};

/* Prepares training of a model (initialised or loaded) on the data: fields model to update_config must be set, the
 * rest 0. 0 or -1; end with training_end in both cases. */
int training_start(struct training *training) __attribute__((warn_unused_result));

/* Shuffles for the next epoch. */
void training_begin_epoch(struct training *training);

/* Goes on as an earlier training would have, after `epoch` to `last`, the parameters and the moments were set to
 * its values. */
void training_resume(struct training *training);

/* One step. 1: done; 0: the epoch is over, nothing was done; -1: the loss is not finite, and the step's update
 * was not made: the weights are those of the step before. */
int training_step(struct training *training) __attribute__((warn_unused_result));

/* The epoch's figures so far, each item's from the step that trained on it; before its first step those of the
 * epoch before, and before any nan. If the objective is not the ELBO itself but climbs another bound of log
 * p(x), elbo is that; beta and free bits do not count in it. */
struct elbo training_elbo(const struct training *training);

/* 0 if all weights are finite, else -1 with a message that names the first that is not. */
int training_check(const struct training *training) __attribute__((warn_unused_result));

/* Has the model's parameters say all that training has made, so that it can be evaluated and saved. */
void training_settle(struct training *training);

void training_end(struct training *training);

#endif
