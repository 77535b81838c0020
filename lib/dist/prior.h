/* SPDX-License-Identifier: MIT */
#ifndef DIST_PRIOR_H
#define DIST_PRIOR_H

#include <stddef.h>
#include <stdint.h>

/* The prior p(z) = N(0, I) of a latent vector. */

/* z [latent], item number `item` of those drawn with `seed`. */
void prior_draw(float *z, size_t latent, uint64_t seed, uint64_t item);

/* The standard normal's quantile: the z with Phi(z) = p, for p in (0, 1); error below 1e-12. */
double prior_quantile(double p);

#endif
