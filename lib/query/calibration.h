/* SPDX-License-Identifier: MIT */
#ifndef QUERY_CALIBRATION_H
#define QUERY_CALIBRATION_H

#include "base/atomic_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scores of normal items, from which p-values of other scores are computed, and their file: lines of text that say
 * how the scores were made, and then the scores, one a line. */

/* How scores are made. Only scores that are made alike may be compared. */
struct score_kind {
    uint64_t model;     /* the model's digest */
    const char *method; /* shorter than 32 characters */
    uint32_t draws;     /* of z per item; 0: z is mu */
    bool per_observed;  /* they are divided by the number of observed elements */
};

struct calibration {
    double *score; /* [count], in ascending order after calibration_load; owned */
    size_t count, capacity;
};

/* Adds a score. 0, or -1 if memory runs out. */
int calibration_add(struct calibration *calibration, double score) __attribute__((warn_unused_result));

/* Sorts the scores, and writes them to the file, which was begun. At least one is needed. 0 or -1. */
int calibration_write(struct calibration *calibration, const struct score_kind *kind, const struct output *out)
    __attribute__((warn_unused_result));

/* Reads the scores at `path`, which must be of this kind, and sorted. 0, or -1, also if memory runs out. End with
 * calibration_free in both cases. */
int calibration_load(struct calibration *calibration, const struct score_kind *kind, const char *path)
    __attribute__((warn_unused_result));

/* Returns the p-value of a score, (1 + n) / (1 + count), where n of the calibration scores are at least `score`.
 * For a normal item the p-value is at most p with probability at most p: conformal prediction, Vovk, Gammerman and
 * Shafer 2005. */
double calibration_p(const struct calibration *calibration, double score);

void calibration_free(struct calibration *calibration);

#endif
