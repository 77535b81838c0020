/* SPDX-License-Identifier: MIT */
#ifndef QUERY_CALIBRATION_H
#define QUERY_CALIBRATION_H

#include <stddef.h>

/* Scores of normal items, from which p-values of other scores are computed. */
struct calibration {
    double *score; /* [count], in ascending order; owned */
    size_t count;
};

/* Reads all scores of the stream at `path`, which must have at least one item, f32 or f64 of one element. 0, or -1
 * if a score is not finite, the stream is not as wanted, or memory runs out. End with calibration_free in both
 * cases. */
int calibration_load(struct calibration *calibration, const char *path) __attribute__((warn_unused_result));

/* Returns the p-value of a score, (1 + n) / (1 + count), where n of the calibration scores are at least `score`.
 * For a normal item the p-value is at most p with probability at most p: conformal prediction, Vovk, Gammerman and
 * Shafer 2005. */
double calibration_p(const struct calibration *calibration, double score);

void calibration_free(struct calibration *calibration);

#endif
