/* SPDX-License-Identifier: MIT */
#ifndef RUN_ESTIMATE_H
#define RUN_ESTIMATE_H

#include "run/saver.h"

/* What a training run will need. */
struct training_estimate {
    char *layers;            /* see model_describe; freed by the caller, like the next two */
    char *encoder, *decoder; /* lists of hidden layers; the decoder's may be mirrored */
    size_t parameters;       /* numbers that are saved */
    size_t items, validation_items;
    uint64_t steps_per_epoch, steps;   /* steps: of all epochs */
    double bytes;                      /* memory: the most that the process has used; little more is needed later */
    double seconds_per_epoch, seconds; /* of training, without validation; of all epochs */
};

/* Trains for two steps, the second of which is timed, and uses the memory that validation and saving need. The
 * training must have been started, and is of no use afterwards. label [items of validation]: NULL if there are
 * none. 0, or -1 if a step fails or memory runs out. */
int estimate_run(struct training *training, struct saver *saver, const struct dataset *validation,
                 const uint32_t *label, uint64_t epochs, struct training_estimate *estimate)
    __attribute__((warn_unused_result));

#endif
