/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_RUN_LOG_H
#define TRAIN_RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The log of a training run: a table (TSV) with a header line and one row per epoch. Columns: epoch, step (done in
 * all), seconds (since the start), then mean nats per item of training and of validation (nan if there is none):
 * elbo, reconstruction, kl; rate, active_latents, and latent_kl, each latent's with commas between. */
struct run_log {
    const char *name; /* for messages; NULL: there is no log, and the functions below do nothing */
    FILE *file;       /* NULL: not open */
    bool is_regular;  /* a regular file, locked by this process */
    bool is_new;      /* created by this process, and not begun */
};

/* Opens the log at `path`; NULL: there is none, "-": standard output. A log that another run is writing is refused;
 * an existing one is unchanged, and a missing one is created empty. 0 or -1. At the end call run_log_close or, if
 * the run has failed, run_log_abandon. */
int run_log_open(struct run_log *log, const char *path) __attribute__((warn_unused_result));

/* Writes the header, or keeps a log of this run up to epoch `rows`, after which a resumed run goes on: later rows
 * are cut off, and notes say which of the kept epochs have no row. 0 or -1. */
int run_log_begin(struct run_log *log, uint64_t rows) __attribute__((warn_unused_result));

/* Flushes log->file. `printed` is the result of the last fprintf, below 0 if it failed. 0 or -1. */
int run_log_flush(const struct run_log *log, int printed) __attribute__((warn_unused_result));

/* Syncs the log to the disk: called before a checkpoint that counts its rows is saved. 0 or -1. */
int run_log_sync(const struct run_log *log) __attribute__((warn_unused_result));

/* Removes a log that this run has created, unless it has begun. */
void run_log_abandon(const struct run_log *log);

/* Closes the log. It is an error if the log was removed during the run, since its rows are lost. 0 or -1. */
int run_log_close(struct run_log *log) __attribute__((warn_unused_result));

#endif
