/* SPDX-License-Identifier: MIT */
#ifndef DIST_MISSING_H
#define DIST_MISSING_H

#include "dist/segment.h"

/* Items some of whose elements are missing: these are NaN. Elements are independent given z, so that p of the
 * observed ones is the product over them alone, and so is every bound on it: Mattei and Frellsen 2019. */

/* So many of n elements. */
size_t observed_count(const float *x, size_t n);

/* As likelihood_negative_log, over the observed elements; missing ones' gradients are 0. */
double observed_negative_log(const struct distributions *d, const float *x, float *gradient, float *scale_gradient);

/* As the likelihood's deviations, which are of a likelihood with one output per element. */
double observed_deviations(const struct distributions *d, const float *x);

#endif
