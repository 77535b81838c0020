/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_ITEMS_H
#define RUN_RUN_ITEMS_H

#include "run/training_run.h"
#include "stream/dataset.h"

/* The items of a training run, all in memory. */
struct run_items {
    struct dataset train, validation;   /* validation: with 0 items, there is none */
    uint32_t *label;                    /* [items of train], owned; NULL: none */
    uint32_t *validation_label;         /* the same for the validation items; with a split a part of `label` */
    double *target, *validation_target; /* the same of targets, NaN if not known */
    uint32_t *number;                   /* see split_data; owned */
};

/* Loads the items, labels and targets that the run reads, checks them against the options, and completes the
 * model's configuration: the shape of an item, the classes, the mean and the deviation of the training targets, and
 * the decoder's layers if they mirror the encoder's. `items` is all 0 before. 0 or -1; end with run_items_free in
 * both cases. */
int run_items_load(struct run_items *items, const struct training_run_config *run, struct model_config *model)
    __attribute__((warn_unused_result));

void run_items_free(struct run_items *items);

#endif
