/* SPDX-License-Identifier: MIT */
#ifndef DIST_SPECIAL_H
#define DIST_SPECIAL_H

#define HALF_LOG_2PI 0.91893853320467274178

#include <stddef.h>

/* Log-gamma functions of counts, with relative errors below 1e-10; and quantiles of lengths. */

/* Returns log k! of a whole number k; NaN if k < 0 or k is NaN. */
double log_factorial(double k);

/* Returns log(Gamma(k + r) / Gamma(r)) for a whole number k >= 0 and r > 0. Writes its derivative with respect to r
 * to *slope, which must not be NULL. */
double log_rising(double k, double r, double *slope);

/* Returns the length r with P(|u| <= r) = probability, for u ~ N(0, I) of n >= 1 numbers: a quantile of the chi
 * distribution, to about 1e-9. INFINITY for probability 1. */
double normal_length(size_t n, double probability);

#endif
