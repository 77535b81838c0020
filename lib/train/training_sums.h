/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAINING_SUMS_H
#define TRAIN_TRAINING_SUMS_H

#include "model/layers.h"
#include "model/target.h"
#include "query/latent_sums.h"

/* Sums over the items that were trained on: those of an epoch so far, of a mini-batch, or of a split of it. */
struct training_sums {
    double reconstruction, kl, bound; /* nats */
    struct deviations deviations;     /* with SCALE_OPTIMAL */
    struct target_sums targets;       /* with the predictions from draws of z */
    struct latent_sums latents[];     /* [latent] */
};

/* Returns the bytes of the sums of a model with `latent` latents. */
size_t training_sums_bytes(size_t latent);

/* Sets the sums of no items. */
void training_sums_clear(struct training_sums *sums, size_t latent);

/* Adds the sums of other items. */
void training_sums_merge(struct training_sums *sums, const struct training_sums *other, size_t latent);

#endif
