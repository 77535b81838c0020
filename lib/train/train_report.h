/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAIN_REPORT_H
#define TRAIN_TRAIN_REPORT_H

#include "train/run_log.h"
#include "train/train.h"

/* Reports the progress of a training run: a progress line or one line per epoch on stderr, a final line, and one
 * row of the log per epoch, which is written before the next epoch begins. */
struct report {
    const struct training *training; /* not owned, like the log */
    const struct run_log *log;
    uint64_t epochs;       /* number of epochs of the whole run */
    bool validates;        /* there is validation data */
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

/* Prints the final line: the model's layers and data, its ELBO, and the items per second. A line before it warns of
 * collapsed latents. `model`: the path of the model, for the lines. */
void report_result(const struct report *report, const char *model);

#endif
