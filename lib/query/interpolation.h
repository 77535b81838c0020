/* SPDX-License-Identifier: MIT */
#ifndef QUERY_INTERPOLATION_H
#define QUERY_INTERPOLATION_H

#include <stddef.h>

/* Points on a path from latent a to latent b, at t in [0,1]: exactly a at t = 0, exactly b at t = 1. All latents
 * are [latent] and belong to the caller. */

/* Writes z = (1 - t) a + t b. */
void interpolate_linear(const float *a, const float *b, double t, float *z, size_t latent);

/* Writes z = (sin((1 - t) w) a + sin(t w) b) / sin w, where w is the angle between a and b: Shoemake 1985. If a and
 * b have the same length, z has it too. In many dimensions draws from N(0, I) have nearly the same length (White
 * 2016). If the angle or a latent is 0, z is on the straight line, which is the limit. Returns 0, or -1 without a
 * message if a and b are opposite, since no plane is then determined. */
int interpolate_spherical(const float *a, const float *b, double t, float *z, size_t latent)
    __attribute__((warn_unused_result));

#endif
