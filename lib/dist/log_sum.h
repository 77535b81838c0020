/* SPDX-License-Identifier: MIT */
#ifndef DIST_LOG_SUM_H
#define DIST_LOG_SUM_H

/* Sums of weights whose logs are given one at a time, such as importance weights: kept relative to the largest so
 * far, so that none overflows and not all underflow. */
struct log_sum {
    double max, sum, squares; /* the sums are of exp(value - max), and of its square */
};

/* One without values. */
struct log_sum log_sum_empty(void);

void log_sum_add(struct log_sum *sum, double value);

/* The log of the sum. */
double log_sum_value(const struct log_sum *sum);

/* (sum w)^2 / sum w^2: how many equal weights would be worth as much (Kong, Liu and Wong 1994). */
double log_sum_effective(const struct log_sum *sum);

#endif
