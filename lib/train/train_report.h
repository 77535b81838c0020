/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAIN_REPORT_H
#define TRAIN_TRAIN_REPORT_H

#include "train/run_log.h"
#include "train/train.h"

/* Reports of a training run to its user: a progress line or one line per epoch on stderr, a last line, and one row
 * of the log per epoch, which is written before the next epoch begins. */
struct report {
    const struct training *training; /* not owned, like the log */
    const struct run_log *log;
    uint64_t epochs;       /* of the whole run */
    bool validates;        /* there is validation data */
    double seconds, items; /* of the runs that this one goes on from: their time, and the items trained on */
};

/* Starts the clock at `seconds`, the time of earlier runs. Fields training to validates must be set. */
void report_start(struct report *report, double seconds);

/* Called after each step. */
void report_step(const struct report *report);

/* Called after each epoch; `validation` is read only if there is one. */
int report_epoch(const struct report *report, const struct elbo *validation) __attribute__((warn_unused_result));

/* The last line: what was trained, its ELBO, and items per second. */
void report_result(const struct report *report, const char *model);

#endif
