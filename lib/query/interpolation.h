/* SPDX-License-Identifier: MIT */
#ifndef QUERY_INTERPOLATION_H
#define QUERY_INTERPOLATION_H

#include <stddef.h>

/* Points on paths between latents, share t in [0,1] of the way from a to b; at 0 and 1 a and b to the bit. */

/* (1 - t) a + t b. */
void interpolate_linear(const float *a, const float *b, double t, float *z, size_t latent);

/* (sin((1 - t) w) a + sin(t w) b) / sin w, w the angle between a and b: Shoemake 1985. It keeps a length that both
 * have, as a draw from N(0, I) has in many dimensions (White 2016). The limit is the line, if the angle is 0 or a
 * latent is. -1 if a and b are opposite: their paths have no plane. */
int interpolate_spherical(const float *a, const float *b, double t, float *z, size_t latent)
    __attribute__((warn_unused_result));

#endif
