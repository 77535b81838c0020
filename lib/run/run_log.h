/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_LOG_H
#define RUN_RUN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A log of a training run: a table (TSV) of numbers with a header line and one row per epoch, whose first column is
 * the epoch's number. */
struct run_log {
    const char *name;   /* for messages; NULL: there is no log, and the functions below do nothing */
    const char *header; /* the first line, with its end */
    FILE *file;         /* NULL: not open */
    bool is_regular;    /* a regular file, locked by this process */
    bool is_new;        /* created by this process, and run_log_begin was not called */
};

/* The columns of --log: epoch; step, the number of steps so far; seconds since the start; figures of the training
 * items, then of the validation items (nan without any), in nats per item; rate; active latents; and the bound that
 * training maximises, of the training and of the validation items. */
#define RUN_LOG_HEADER                                                                                         \
    "epoch\tstep\tseconds\ttrain_elbo\ttrain_reconstruction\ttrain_kl\tval_elbo\tval_reconstruction\tval_kl\t" \
    "rate\tactive_latents\ttrain_bound\tval_bound"

/* The columns that a run with --target has after these: figures of the target, see struct target_figures, of the
 * training items with draws of z, of the validation items with means. */
#define RUN_LOG_TARGET_HEADER "\ttrain_target\tval_target\ttrain_target_r2\tval_target_r2"

/* Returns the header of --log-latents, which the caller frees: epoch, kl_0, kl_1 and so on. NULL with a message if
 * memory runs out. */
char *run_log_latents_header(size_t latent);

/* Opens the log at `path`, whose first line is `header`, which must outlive it. path NULL: there is no log; "-":
 * standard output. A missing log is created empty; an existing
 * one is not changed. A log that another run is writing is refused. 0 or -1. At the end call run_log_close or, if
 * the run has failed, run_log_abandon. */
int run_log_open(struct run_log *log, const char *path, const char *header) __attribute__((warn_unused_result));

/* With `rows` 0, empties the log and writes the header. Otherwise a run is resumed after epoch `rows`: keeps the
 * rows up to this epoch, cuts off later ones, and prints notes about missing rows. 0, or -1, also if it is not the
 * log of this run. */
int run_log_begin(struct run_log *log, uint64_t rows) __attribute__((warn_unused_result));

/* Flushes log->file. `printed` is the result of the last fprintf, below 0 if it failed. 0 or -1. */
int run_log_flush(const struct run_log *log, int printed) __attribute__((warn_unused_result));

/* Syncs the log to the disk: called before a checkpoint that counts its rows is saved. 0 or -1. */
int run_log_sync(const struct run_log *log) __attribute__((warn_unused_result));

/* Removes a log that this run has created, unless run_log_begin was called. */
void run_log_abandon(const struct run_log *log);

/* Closes the log. It is an error if the log was removed during the run, since its rows are lost. 0 or -1. */
int run_log_close(struct run_log *log) __attribute__((warn_unused_result));

#endif
