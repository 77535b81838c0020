/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_RANKS_H
#define RUN_RUN_RANKS_H

#include "run/run_items.h"

/* A run of several ranks, see base/ranks.h: each has all that the run has, and trains on its splits of each
 * mini-batch. */

/* Takes the files that are written away from a run of another rank than 0. */
void run_ranks_set_files(struct training_run_config *run);

/* Checks that all ranks have read the same as rank 0, and sets the digest of the items, which rank 0 alone
 * computes. Of the items, samples are compared that are spread over all of them. Of data in parts, it takes the
 * digests of all parts. 0 or -1, on all ranks. */
int run_ranks_check(struct run_items *items, struct run_data *data) __attribute__((warn_unused_result));

/* Data in parts: gives every rank the initial values of the model, which rank 0 sets from its items. */
void run_ranks_share_values(const struct run_items *items, struct model *model);

/* Checks that all ranks begin with the same state: the machines compute the same initial values. 0 or -1, on all
 * ranks. */
int run_ranks_check_state(const struct training *training) __attribute__((warn_unused_result));

#endif
