/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_GRADIENT_H
#define TRAIN_GRADIENT_H

#include "train/exchange.h"
#include "train/splits.h"
#include "train/update.h"

/* The gradient of a step in splits, in the table of parameters: the sum over splits and ranks. Its numbers are
 * cut into groups of layers. In the last split of a rank, the gradient of a group is computed as soon as the
 * backward pass has gone through its layers, and sent to the other ranks while the pass goes on. */
struct gradient {
    struct update *update; /* not owned, like the workers */
    struct workers *workers;
    struct splits splits;
    struct exchange exchange;
    struct layer_group *group; /* [groups], in the order in which they are computed; owned; none for one split,
                                  whose gradient the update computes */
    size_t groups, ready;      /* how many there are, and how many of them the present split has computed */
    size_t split;              /* the number of the present split */
    const struct step *step;   /* of its items */
};

/* Prepares for `count` splits of the steps of `update`, which has been started. 0 or -1; end with gradient_end in
 * both cases. */
int gradient_start(struct gradient *gradient, size_t count, struct update *update, struct workers *workers)
    __attribute__((warn_unused_result));

/* Begins split number `split`, one of this rank's in ascending order. step: of the split's items, of which there
 * may be none; it stays the caller's until gradient_finish. */
void gradient_begin(struct gradient *gradient, const struct step *step, size_t split);

/* Called while the backward pass of the split runs, and has gone through the layers from number `layer` on. */
void gradient_reached(struct gradient *gradient, size_t layer);

/* Called after the backward pass, also that of pseudo-inputs: computes what is left. */
void gradient_finish(struct gradient *gradient);

/* Called after the last split: waits until the gradient is the sum of all splits of all ranks. */
void gradient_sum(struct gradient *gradient);

void gradient_end(struct gradient *gradient);

#endif
