/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_DIVERGENCE_H
#define TRAIN_DIVERGENCE_H

#include "train/train.h"

/* What a training says that has met a number that is not finite: where it was found, the largest number of the
 * items and of the parameters, and what may help in this case. */

/* The loss of a step is not finite. The message names an item that has changed, or else the first layer whose
 * output is not finite, or else the first that is not finite of the likelihood, the target's and the prior. Returns
 * -1. */
int divergence_of_loss(struct training *training, const struct step *step, double reconstruction, double kl);

/* The last update has met a gradient or a moment that is not finite. Called on all ranks; the one whose items have
 * the largest number has the message. Returns -1. */
int divergence_of_update(const struct training *training);

/* Checks that all parameters and moments are finite after the last step, whose items are still at hand. 0, or
 * -1 with a message that names the first tensor with a number that is not. */
int divergence_check(const struct training *training) __attribute__((warn_unused_result));

#endif
