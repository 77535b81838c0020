/* SPDX-License-Identifier: MIT */
#ifndef DIST_LOG_SUM_H
#define DIST_LOG_SUM_H

/* A running sum of weights that are given by their logs, such as importance weights. The sums are relative to the
 * largest weight so far, so they do not overflow, and the largest weight never underflows. Functions do not
 * allocate. */
struct log_sum {
    double max;     /* largest log weight so far */
    double sum;     /* of exp(log weight - max) */
    double squares; /* of exp(log weight - max) squared */
};

/* Returns a sum without weights. */
struct log_sum log_sum_empty(void);

/* Adds the weight exp(value). */

void log_sum_add(struct log_sum *sum, double value);

/* Returns the log of the sum of the weights; -infinity if there are none. */
double log_sum_value(const struct log_sum *sum);

/* Returns the effective sample size (sum w)^2 / sum w^2, from 1 to the number of weights: Kong, Liu and Wong 1994.
 * NaN if there are no weights. */
double log_sum_effective(const struct log_sum *sum);

#endif
