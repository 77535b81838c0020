/* SPDX-License-Identifier: MIT */
#ifndef RUN_SAVER_H
#define RUN_SAVER_H

#include "base/atomic_file.h"
#include "model/model_file.h"
#include "train/train.h"

/* The model file of a training run. From saver_open to the last save it belongs to the run, and no other run can
 * write it. The old file is replaced only by a complete model whose weights are finite. The weights of the last
 * complete epoch are kept in memory, and saved if training fails. */
struct saver {
    const struct training *training; /* not owned, like the path */
    const char *path;                /* NULL: no file is written */
    struct provenance provenance;    /* the fields known before training; the others are set at each save */
    struct atomic_file file;
    bool best;                         /* save the kept weights, the best so far, instead of the present ones */
    float *kept;                       /* [parameters]; owned */
    struct provenance kept_provenance; /* of the kept weights; if its epochs are 0, no weights are kept */
    struct elbo validation;            /* of the validation items after the step `validated`; NaN without any */
    uint64_t validated;
};

/* Reserves the model file at `path` for this run (see atomic_open), and sets all other fields to 0. 0 or -1; end
 * with saver_close in both cases. */
int saver_open(struct saver *saver, const char *path) __attribute__((warn_unused_result));

/* Prepares for a training after training_start; the fields training, best and provenance must be set. 0, or -1 if
 * memory runs out. */
int saver_start(struct saver *saver) __attribute__((warn_unused_result));

/* Called after a complete epoch: keeps the figures of the validation items, NaN without any, and with `keep` the
 * weights, unless they are not finite. */
void saver_judge(struct saver *saver, const struct elbo *validation, bool keep);

/* Returns how the weights that saver_save saves were made: the kept ones, or the present ones. */
const struct provenance *saver_saves(struct saver *saver);

/* Saves the present weights, or with `best` the kept ones. `ended`: why training has ended, see vae-model(5).
 * `again`: more saves may follow. 0, or -1 with the old file unchanged. */
int saver_save(struct saver *saver, const char *ended, bool again) __attribute__((warn_unused_result));

/* Sets the parameters of the training's model to the weights that saver_save saves. The training cannot go on then.
 */
void saver_restore(const struct saver *saver, struct model *model);

/* Called after a failure: saves the kept weights, if there are any, and prints a note. The message of the failure
 * is kept; if the save fails, too, its message is appended. */
void saver_rescue(struct saver *saver);

void saver_close(struct saver *saver);

#endif
