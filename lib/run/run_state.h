/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_STATE_H
#define RUN_RUN_STATE_H

#include "run/saver.h"

#include <jansson.h>

/* How far a run has come, in numbers: the part of a checkpoint that is no tensor of the net, see vae-checkpoint(5).
 * Whole numbers are keys of its metadata, real numbers are tensors. The version is that of the checkpoint, 1 or 2.
 */
#define RUN_STATE_VERSION 2

/* The whole numbers. */
struct figures {
    uint64_t epoch, step, position, judged, validated, best_epoch, best_step, best_active;
    /* Of a stream; or of items in memory if their digest was not known yet. Else 0 items. */
    struct items_known known;
};

/* The real numbers, written as a row of them. */
struct sums {
    double reconstruction, kl, bound, all_deviations, all_deviating;
    struct means {
        double elbo, reconstruction, kl, bound;
    } last, validation, best, best_validation;
    double seconds;
};

/* The same in version 1, in which the bound of the objectives elbo and stl was the ELBO, whatever the weight of KL.
 */
struct sums_1 {
    double reconstruction, kl, bound, all_deviations, all_deviating;
    double last_bound, last_reconstruction, last_kl, best_validation, best_bound, seconds;
};

/* The same of a run with targets. */
struct target_state {
    struct target_sums sums; /* of the epoch so far */
    struct target_figures last, validation, best, best_validation;
};

struct run_state {
    struct figures figures;
    struct sums sums;
    struct sums_1 sums_1; /* read from a checkpoint of version 1 */
    struct target_state target;
};

/* Returns whether the best weights so far are part of the state. */
bool run_state_has_best(const struct saver *saver);

/* Returns the state of a run. `judged`: epochs that are complete; `seconds`: the time that it has taken. */
struct run_state run_state_of(const struct training *training, const struct saver *saver, uint64_t judged,
                              double seconds);

/* Puts the whole numbers into metadata. 0, or -1 if memory runs out. */
int run_state_put(const struct run_state *state, json_t *metadata) __attribute__((warn_unused_result));

/* Returns whether the metadata's key is one of the whole numbers. */
bool run_state_is_key(const char *key);

/* Reads the whole numbers from the metadata of the checkpoint `name`, and marks the targets' figures as unknown. 0,
 * or -1 with a message. */
int run_state_read(struct run_state *state, int version, const char *name, const json_t *metadata)
    __attribute__((warn_unused_result));

/* Returns where the tensor "sums" of this version is read to or written from, and sets `count` to its length. */
double *run_state_sums(struct run_state *state, int version, size_t *count);

/* Check that the run can have reached these whole numbers, and these sums. Called after run_state_read, and after
 * the tensors have been read. A state of version 1 becomes one of version 2: no validation is known then, and no
 * latent is said to have collapsed. 0, or -1 with a message. */
int run_state_check_figures(struct run_state *state, int version, const struct training *training, const char *name)
    __attribute__((warn_unused_result));
int run_state_check_sums(struct run_state *state, int version, const struct training *training, const char *name)
    __attribute__((warn_unused_result));

/* Sets the training and the saver to the state. */
void run_state_give(const struct run_state *state, struct training *training, struct saver *saver);

#endif
