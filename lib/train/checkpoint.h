/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "train/identity.h"
#include "train/saver.h"

/* A training run's state in a file, vae-checkpoint(5): what a later run needs to go on, and to end with the bytes
 * that a run without a break would have made. It is a safetensors file of the weights and the optimizer's moments;
 * its metadata says what run it is of, and how far that had come. */

/* How often a checkpoint is saved: every `steps` steps, or every `seconds` seconds if steps is 0. */
struct every {
    uint64_t steps;
    double seconds;
};

/* Reads "100", steps, or "30s", "10m", "2h". 0, or -1 with a message that begins with `name`. */
int every_parse(struct every *every, const char *name, const char *text) __attribute__((warn_unused_result));

struct checkpoint {
    const char *path;        /* NULL: no checkpoint is saved */
    struct atomic_file file; /* at path; belongs to this run until checkpoint_end */
    struct every every;
    const struct option_value *options; /* of the run */
    struct training *training; /* not owned, like the saver, whose best model so far is part of the state */
    struct saver *saver;
    uint64_t judged; /* epochs that are wholly done: validated, and in the log */
    double seconds;  /* that the runs before took */
    json_t *identity;
    uint64_t saved_steps; /* when it was last saved */
    double saved_seconds;
};

/* Takes the place at `path`, see atomic_open, unless it is NULL, and sets all other fields to 0. 0 or -1; end with
 * checkpoint_end in both cases. */
int checkpoint_open(struct checkpoint *checkpoint, const char *path) __attribute__((warn_unused_result));

/* Prepares for a training that has been started; fields every to saver must be set. `spans`: the schedule depends
 * on the number of epochs, so a run that is resumed must have the same number. 0 or -1. */
int checkpoint_start(struct checkpoint *checkpoint, const struct run_data *data, bool spans)
    __attribute__((warn_unused_result));

/* Reads the state saved at `path`, and has the training, the saver and `judged` be as they were then. Refuses one
 * of another run, naming what differs with both values. 0 or -1. */
int checkpoint_load(struct checkpoint *checkpoint, const char *path) __attribute__((warn_unused_result));

/* Prints a note if the checkpoint that will be replaced has more steps than the training has done. */
void checkpoint_note_replaced(const struct checkpoint *checkpoint);

/* Called after a step: whether the checkpoint is to be saved now. */
bool checkpoint_is_due(const struct checkpoint *checkpoint);

/* Saves the checkpoint, if there is a path. 0, or -1 with the old file unchanged, see atomic_replace. */
int checkpoint_save(struct checkpoint *checkpoint) __attribute__((warn_unused_result));

void checkpoint_end(struct checkpoint *checkpoint);

#endif
