/* SPDX-License-Identifier: MIT */
#ifndef RUN_CHECKPOINT_H
#define RUN_CHECKPOINT_H

#include "run/identity.h"
#include "run/run_state.h"

/* The state of a training run in a file, see vae-checkpoint(5). A later run that resumes from it ends with the same
 * model, byte for byte, as a run without a break. It is a safetensors file with the weights and the optimizer's
 * moments. Its metadata identifies the run and says how far it has come. */

/* How often a checkpoint is saved: every `steps` steps, or every `seconds` seconds if steps is 0. */
struct every {
    uint64_t steps;
    double seconds;
};

/* Parses a number of steps, such as "100", or a time, such as "30s", "10m" or "2h". 0, or -1 with a message that
 * begins with `name`. */
int every_parse(struct every *every, const char *name, const char *text) __attribute__((warn_unused_result));

struct checkpoint {
    const char *path;        /* NULL: no checkpoint is saved */
    struct atomic_file file; /* at path; belongs to this run until checkpoint_end */
    struct every every;
    const struct option_value *options; /* of the run; not owned, like the training and the saver */
    struct training *training;
    struct saver *saver;        /* its best model so far is part of the state */
    uint64_t judged;            /* epochs that are complete: trained, validated and in the log */
    double seconds;             /* time that the earlier runs took */
    struct items_read digested; /* of items in memory whose digest is not known yet: of a part of them */
    json_t *identity;           /* see identity_make; owned */
    uint64_t saved_steps;       /* steps and seconds of this run when the checkpoint was last saved */
    double saved_seconds;
};

/* Reserves the file at `path` for this run (see atomic_open), unless it is NULL, and sets all other fields to 0. 0
 * or -1; end with checkpoint_end in both cases. */
int checkpoint_open(struct checkpoint *checkpoint, const char *path) __attribute__((warn_unused_result));

/* Prepares for a training after training_start; the fields from `every` to `saver` must be set. `spans`: the
 * schedule depends on the number of epochs, so a resumed run must have the same number. Called again when a digest
 * becomes known that was not at the start. 0 or -1. */
int checkpoint_start(struct checkpoint *checkpoint, const struct run_data *data, bool spans)
    __attribute__((warn_unused_result));

/* Sets *version to that of the checkpoint `name` with this metadata, 1 or 2. 0, or -1 if it has another one, or is
 * no checkpoint. */
int checkpoint_version(int *version, const char *name, const json_t *metadata) __attribute__((warn_unused_result));

/* Reads the checkpoint at `path` and sets the training, the saver, `judged` and `seconds` to the saved state. 0, or
 * -1; for a checkpoint of another run the message names a difference with both values. */
int checkpoint_load(struct checkpoint *checkpoint, const char *path) __attribute__((warn_unused_result));

/* Prints a note if the checkpoint that will be replaced has more steps than the training has done. */
void checkpoint_note_replaced(const struct checkpoint *checkpoint);

/* Called after a step: returns whether the checkpoint should be saved now. */
bool checkpoint_is_due(const struct checkpoint *checkpoint);

/* Saves the checkpoint, if there is a path. 0, or -1 with the old file unchanged, see atomic_replace. */
int checkpoint_save(struct checkpoint *checkpoint) __attribute__((warn_unused_result));

void checkpoint_end(struct checkpoint *checkpoint);

#endif
