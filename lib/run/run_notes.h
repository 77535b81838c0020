/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_NOTES_H
#define RUN_RUN_NOTES_H

#include "base/workers.h"
#include "run/training_run.h"

/* Notes on stderr about a run that is not refused, but may not do what its user expects. */
struct run_notes {
    const struct training_run_config *config;
    const struct model *model;
    const struct dataset *train, *validation; /* validation: with 0 items, there is none */
    uint64_t items;                           /* of an epoch, of which `train` may be a part; 0: not known */
    const uint32_t *train_label;              /* those of `train` */
    const struct run_data *digests;           /* of the inputs */
    const uint32_t *label;                    /* of the training items; NULL: none */
    const double *target;                     /* the same */
    size_t different_items;                   /* see initial_facts */
    struct workers *workers;
    uint64_t steps; /* done */
};

/* Before training: grey values under a likelihood of bits, real numbers of sizes that do not fit, pictures with the
 * channels first, residual blocks that are dense layers of pictures, components of the prior that start on equal
 * items, elements that are never observed, classes without items, targets that are not known, validation with the
 * training items, and warm-ups that are longer than the run. */
void run_notes_before(const struct run_notes *notes);

/* After training, if the model has the saved weights: scales of the likelihood at their bounds, and latents that
 * are far from a normal prior. Packs the model's net. `model`: the model's file, for the lines. */
void run_notes_after(const struct run_notes *notes, const char *model);

#endif
