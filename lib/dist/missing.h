/* SPDX-License-Identifier: MIT */
#ifndef DIST_MISSING_H
#define DIST_MISSING_H

#include "dist/segment.h"

/* Likelihoods of items with missing elements. A missing element is NaN. Elements are independent given z, so the
 * density of the observed elements is the product over these elements only: Mattei and Frellsen 2019. The arrays
 * belong to the caller. */

/* Returns how many of the n elements x [n] are observed. */
size_t observed_count(const float *x, size_t n);

/* Like likelihood_negative_log, but sums over the observed elements of x [d->n]: returns -log p in nats. gradient
 * [n, outputs] and scale_gradient [n] may be NULL; they become 0 for missing elements. */
double observed_negative_log(const struct distributions *d, const float *x, float *gradient, float *scale_gradient);

/* Like the likelihood's `deviations`, but sums over the observed elements of x [d->n]. The likelihood must have one
 * output per element. */
double observed_deviations(const struct distributions *d, const float *x);

#endif
