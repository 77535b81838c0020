/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_CROSS_VALIDATION_H
#define PROPERTY_CROSS_VALIDATION_H

#include "property/regression.h"

#include <stdint.h>

#define CROSS_VALIDATION_FOLDS 5

/* Sets *r2 to the cross-validated R^2 of a method. The examples are divided at random, as the seed and their
 * numbers say, into CROSS_VALIDATION_FOLDS folds of the same size or one more. Those of each fold are predicted by
 * a regression that was learned from the others, with length, noise or penalty chosen anew: R^2 = 1 - sum of
 * (target - prediction)^2 / sum of (target - mean of the targets)^2. There must be at least CROSS_VALIDATION_FOLDS
 * examples, and different targets. Shows progress. 0, or -1 with a message. */
int cross_validate(const struct regression_method *method, const struct points *examples, uint64_t seed, double *r2)
    __attribute__((warn_unused_result));

/* Returns R^2 of `count` predictions. */
double r_squared(const double *target, const double *prediction, size_t count);

#endif
