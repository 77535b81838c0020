#ifndef VAE_TRAIN_LOG_H
#define VAE_TRAIN_LOG_H

#include "vae/train.h"

#include <stdio.h>

/* The table of a training run: TSV with a header line and a row an epoch. Columns: epoch, step (done in all),
 * seconds (since the start), then mean nats per item of training and validation (nan where there is none):
 * elbo, reconstruction, kl; and rate. Each row is on its way to the disk before the next epoch begins. */
struct train_log {
    FILE *file; /* NULL: no log */
    const char *name;
};

/* Opens and writes the header; path NULL: no log, "-": standard output. */
int train_log_open(struct train_log *log, const char *path) __attribute__((warn_unused_result));

int train_log_row(struct train_log *log, const struct training *training, double seconds,
                  const struct elbo *validation) __attribute__((warn_unused_result));

int train_log_close(struct train_log *log) __attribute__((warn_unused_result));

#endif
