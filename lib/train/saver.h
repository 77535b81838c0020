/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_SAVER_H
#define TRAIN_SAVER_H

#include "base/atomic_file.h"
#include "model/model_file.h"
#include "train/train.h"

/* The model file of a training run. It belongs to the run from saver_open to the last save: no other run can write
 * it. The old file is replaced only by whole models whose weights are finite. The weights of the last whole epoch
 * are kept, to be saved if training fails. */
struct saver {
    const struct training *training; /* not owned, like the path */
    const char *path;
    struct provenance provenance; /* the fields known before training; the others are set at each save */
    struct atomic_file file;
    bool best;                         /* save the kept weights instead of the present ones */
    float *kept;                       /* [parameters] */
    struct provenance kept_provenance; /* of the kept weights; epochs 0: none are kept */
    double kept_validation;            /* the validation's bound with the kept weights, nats */
};

/* Takes the place of the model file, see atomic_open, and sets all other fields to 0. 0 or -1; end with saver_close
 * in both cases. */
int saver_open(struct saver *saver, const char *path) __attribute__((warn_unused_result));

/* Prepares for a training that has been started; fields training, best and provenance must be set. 0 or -1. */
int saver_start(struct saver *saver) __attribute__((warn_unused_result));

/* Called after each whole epoch: keeps its weights. */
void saver_keep(struct saver *saver, double validation);

/* Saves the present weights, or the kept ones with `best`; with `again` more saves may follow. 0 or -1. */
int saver_save(struct saver *saver, bool again) __attribute__((warn_unused_result));

/* Called after a failure, whose message is kept: saves the kept weights, if any, and prints a note. */
void saver_rescue(struct saver *saver);

void saver_close(struct saver *saver);

#endif
