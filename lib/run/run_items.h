/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_ITEMS_H
#define RUN_RUN_ITEMS_H

#include "run/training_run.h"
#include "stream/blocks.h"
#include "stream/digest.h"

/* The items of a training run. Those of validation are in memory, and those that are trained on, too, unless they
 * are a stream. */
struct run_items {
    const struct dataset *train;    /* &all, or &stream.block, the items at hand */
    struct dataset all, validation; /* validation: with 0 items, there is none */
    struct blocks stream;           /* in use if `streams` */
    bool streams;
    struct model_config *checked;       /* what the items of the stream must fit; owned */
    struct digest digest;               /* of those in memory, if they are not in parts */
    uint64_t *part_digest;              /* [parts], of data in parts; owned */
    uint64_t parts_digest;              /* see run_items_share_digests */
    uint32_t *label;                    /* [items of an epoch], owned; NULL: none */
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

/* Returns what is known of the items that are trained on: of how many, and the XXH64 of their bytes. Of a stream it
 * is that of all, or of those read so far; of items in memory, of those whose digest has been computed. */
struct items_read run_items_known(struct run_items *items);

/* Waits until that is known of items in memory. */
void run_items_wait(struct run_items *items);

/* Data in parts: takes the digests that the ranks have of their parts, on all ranks. That of the items then is the
 * XXH64 of the digests of all parts. Does nothing for other data. */
void run_items_share_digests(struct run_items *items);

/* Returns the number of items of an epoch; 0: not known yet. */
uint64_t run_items_count(const struct run_items *items);

/* Returns how many items are shuffled among each other: the mini-batches that --shuffle-buffer has room for, at
 * least one. 0 without --shuffle-buffer: all. */
size_t run_items_block(const struct run_items *items, const struct training_run_config *run);

/* Returns the items of the first block, or of the first part. What is set from items before training is set from
 * these. Without data: another rank has them. */
struct dataset run_items_first(const struct run_items *items, const struct training_run_config *run);

void run_items_free(struct run_items *items);

#endif
