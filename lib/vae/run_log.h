#ifndef VAE_RUN_LOG_H
#define VAE_RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The log of a training run: a table (TSV) with a header line and one row per epoch. Columns: epoch, step (done in
 * all), seconds (since the start), then mean nats per item of training and of validation (nan if there is none):
 * elbo, reconstruction, kl; rate, active_latents, and latent_kl, each latent's with commas between. */
struct run_log {
    const char *name; /* for messages; NULL: there is no log, and nothing is done below */
    FILE *file;       /* NULL: not open */
    bool is_regular;  /* it is a file on a disk, locked by this process */
    bool is_new;      /* this process has made it, and not begun it */
};

/* Takes the log at `path`, NULL: there is none, "-": standard output. One that another run is writing is refused;
 * nothing in it is changed. One that is not there is made, empty. 0 or -1; end with run_log_close in both cases,
 * after run_log_abandon where the run has failed. */
int run_log_open(struct run_log *log, const char *path) __attribute__((warn_unused_result));

/* Begins the log. If the run goes on after `rows` epochs, a log of this run keeps their rows and loses later ones,
 * and notes say which of those rows are not there. 0 or -1. */
int run_log_begin(struct run_log *log, uint64_t rows) __attribute__((warn_unused_result));

/* Hands over to the system what has been printed to log->file; `printed` is fprintf's result. 0 or -1. */
int run_log_flush(const struct run_log *log, int printed) __attribute__((warn_unused_result));

/* Brings the rows to the disk: before a checkpoint that says that they are there. 0 or -1. */
int run_log_sync(const struct run_log *log) __attribute__((warn_unused_result));

/* Removes a log that this run has made, if it could not be begun. */
void run_log_abandon(const struct run_log *log);

/* The end. A log that somebody has removed is an error, since its rows are lost. 0 or -1. */
int run_log_close(struct run_log *log) __attribute__((warn_unused_result));

#endif
