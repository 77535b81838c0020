/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H

#include "base/workers.h"
#include "model/bound.h"
#include "model/elbo.h"
#include "nn/plan.h"
#include "train/augment.h"
#include "train/feed.h"
#include "train/gradient.h"
#include "train/schedule.h"
#include "train/training_sums.h"
#include "train/update.h"
#include "train/vamp.h"

/* Training by stochastic gradient ascent on the ELBO: Kingma and Welling 2014, algorithm 1, with one of the
 * optimizers of nn/optimizer.h. A step runs a plan of operations, divided into tiles (nn/plan.h), and then an
 * update, divided into parts of layers (train/update.h). The items of a micro-batch (nn/pass.h) depend on the
 * number of threads, the sums over items do not, so any number of threads gives the same bits. Figures are in nats.
 */

struct training {
    struct model *model;        /* not owned, like the next three */
    const struct dataset *data; /* all items; or those of the stream that are at hand, &stream->block */
    struct blocks *stream;      /* NULL: all items are in memory; not owned */
    size_t shuffled;            /* items that are shuffled among each other, see struct feed; 0: all */
    const uint32_t *label;      /* [items of an epoch]; NULL if the model is not conditional on labels */
    const double *target;       /* [items of an epoch], NaN if not known; NULL if the model has no head */
    struct workers *workers;
    size_t
        batch; /* items of a mini-batch; training_start reduces it to the items of the data, if these are fewer */
    size_t split_count; /* splits of a mini-batch, see splits.h; 0 and 1: it is not cut */
    double rate;        /* of --rate */
    uint64_t seed;
    struct augment augment;
    double word_dropout; /* probability that a recurrent decoder does not see an earlier token of an item */
    struct objective objective;
    struct schedule schedule;
    double epochs; /* number of epochs of the whole run, for the schedule */
    struct update_config update_config;
    uint64_t epoch, step;             /* number of the current epoch, from 1; number of steps so far */
    uint64_t position;                /* items of the epoch so far */
    uint64_t first;                   /* the place in the epoch of the pass' first item: of a split of the step */
    size_t step_items;                /* of the last mini-batch of this epoch; 0: none yet */
    struct training_sums *sums;       /* over these items; owned */
    struct training_sums *split_sums; /* [split_count], of the step; owned */
    struct elbo last;                 /* figures of the last complete epoch; NaN if there is none */
    struct pass pass;
    struct plan plan;
    struct feed feed; /* the items in the order of this epoch */
    struct update update;
    struct gradient gradient;
    struct vamp vamp;       /* for a prior with pseudo-inputs */
    double *item_bound;     /* [items of the pass], the bound of each item of the step, or of a split of it */
    unsigned char *changed; /* [threads], an item of each thread as this epoch has it; NULL: none is changed */
    double last_rate;       /* learning rate of the last step */
};

/* Prepares training of a model whose parameters are set. The fields from model to update_config must be set, the
 * others 0. 0 or -1; end with training_end in both cases. */
int training_start(struct training *training) __attribute__((warn_unused_result));

/* Begins the next epoch: shuffles the items and resets the sums. 0, or -1 if a stream cannot be read again. */
int training_begin_epoch(struct training *training) __attribute__((warn_unused_result));

/* Continues an earlier training, after the fields from `epoch` to `last`, the parameters and the moments were set
 * to its values. `known`: what it has read of a stream. 0, or -1 if the stream does not have that. */
int training_resume(struct training *training, const struct items_known *known) __attribute__((warn_unused_result));

/* Makes one step. Returns 1 when done; 0 without a step if the epoch is over, or if a signal came while a stream
 * was waited for; -1 with a message if the loss is not finite, and then the parameters are not updated, if a moment
 * of the optimizer has become infinite, or if a stream cannot be read. */
int training_step(struct training *training) __attribute__((warn_unused_result));

/* Returns whether the epoch is over. */
bool training_epoch_is_over(const struct training *training);

/* Returns the number of items of an epoch; 0: not known yet, of a stream that does not say it. */
uint64_t training_items(const struct training *training);

/* Returns the means over the items of the epoch so far, in nats per item. The figures of an item are from the step
 * that trained on it. Before the first step of an epoch, returns those of the last epoch, or NaN. */
struct elbo training_elbo(const struct training *training);

/* Returns how many latents were active in the epoch so far, see latent_figures; 0 before the first step. */
size_t training_active_latents(const struct training *training);

/* Writes the derived tensors, so that the model can be evaluated or saved. */
void training_settle(struct training *training);

void training_end(struct training *training);

#endif
