#ifndef VAE_TRAIN_REPORT_H
#define VAE_TRAIN_REPORT_H

#include "vae/train.h"

#include <stdio.h>

/* What a training run tells its user: a progress line or a line an epoch on stderr, a last line, and a log.
 *
 * The log is a table (TSV) with a header line and a row an epoch. Columns: epoch, step (done in all), seconds
 * (since the start), then mean nats per item of training and of validation (nan where there is none): elbo,
 * reconstruction, kl; rate, active_latents, and latent_kl, each latent's with commas between. Each row is written
 * before the next epoch begins. */
struct report {
    const struct training *training; /* not owned */
    uint64_t epochs;                 /* that are to be trained */
    bool validates;
    double seconds; /* that the runs took which this one goes on from, and items that they trained on */
    double items;
    FILE *log; /* NULL: none */
    const char *log_name;
};

/* Opens the log: path NULL: none, "-": standard output. Of a run that goes on behind `rows` epochs a file keeps
 * theirs, and loses those behind. */
int report_open(struct report *report, const char *path, uint64_t rows) __attribute__((warn_unused_result));

/* Starts the clock, `seconds` behind 0. */
void report_start(struct report *report, const struct training *training, uint64_t epochs, bool validates,
                  double seconds);

/* Behind each step. */
void report_step(const struct report *report);

/* Behind each epoch; `validation` is only looked at where there is one. */
int report_epoch(const struct report *report, const struct elbo *validation) __attribute__((warn_unused_result));

/* The last line: what was trained, its ELBO, and items per second. */
void report_result(const struct report *report, const char *model);

int report_close(struct report *report) __attribute__((warn_unused_result));

#endif
