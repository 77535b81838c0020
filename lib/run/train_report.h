/* SPDX-License-Identifier: MIT */
#ifndef RUN_TRAIN_REPORT_H
#define RUN_TRAIN_REPORT_H

#include "model/model_file.h"
#include "run/run_log.h"
#include "train/train.h"

/* Reports the progress of a training run: a progress line or one line per epoch on stderr, a final line, and one
 * row of the log per epoch, which is written before the next epoch begins. */
struct report {
    const struct training *training;     /* not owned, like the log */
    const struct run_log *log, *latents; /* the second has the KL of each latent */
    const char *model;                   /* the model's file, which lines have that are not drawn on a terminal */
    uint64_t epochs;                     /* number of epochs of the whole run */
    bool validates;                      /* there is validation data */
    bool has_patience;                   /* the saved weights may be of an earlier epoch */
    bool has_lost_patience;              /* --patience has ended the run */
    double seconds, items; /* time of the runs that this one continues, and the items that they trained on */
};

/* Starts the clock at `seconds`, the time that earlier runs took. The fields from training to validates must be
 * set. */
void report_start(struct report *report, double seconds);

/* Called after each step: shows the progress, if it is time. */
void report_step(const struct report *report);

/* Called after each epoch: prints its line and writes its row. `validation`: the figures of the validation items,
 * NaN without them. 0, or -1 if the log cannot be written. */
int report_epoch(const struct report *report, const struct elbo *validation) __attribute__((warn_unused_result));

/* Prints the final line: the model's layers and data, why training has ended, the epoch of the saved weights with
 * their figures, and the items per second. A line before it warns of collapsed latents. `saved`: of the
 * saved weights. */
void report_result(const struct report *report, const struct provenance *saved);

#endif
