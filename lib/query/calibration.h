/* SPDX-License-Identifier: MIT */
#ifndef QUERY_CALIBRATION_H
#define QUERY_CALIBRATION_H

#include <stddef.h>

/* Scores of normal items, to judge others by. */
struct calibration {
    double *score; /* [count], rising; owned */
    size_t count;
};

/* Reads them all: a stream of f32 or f64 items of one element, at least one. 0 or -1. End with calibration_free. */
int calibration_load(struct calibration *calibration, const char *path) __attribute__((warn_unused_result));

/* The p-value of a score: (1 + how many are not below it) / (1 + count). If the item is normal, too, it is at
 * most p with probability at most p: Vovk, Gammerman and Shafer 2005 (conformal prediction). */
double calibration_p(const struct calibration *calibration, double score);

void calibration_free(struct calibration *calibration);

#endif
