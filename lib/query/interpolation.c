/* SPDX-License-Identifier: MIT */
#include "query/interpolation.h"

#include <math.h>

static void mix(const float *a, const float *b, double of_a, double of_b, float *z, size_t latent) {
    for (size_t i = 0; i < latent; i++)
        z[i] = (float)(of_a * (double)a[i] + of_b * (double)b[i]);
}

void interpolate_linear(const float *a, const float *b, double t, float *z, size_t latent) {
    mix(a, b, 1 - t, t, z, latent);
}

static double length(const float *a, size_t latent) {
    double squares = 0;
    for (size_t i = 0; i < latent; i++)
        squares += (double)a[i] * (double)a[i];
    return sqrt(squares);
}

/* Returns the angle from the tangent of its half, which is accurate near 0 and pi, where the cosine is not. */
static double angle(const float *a, const float *b, double length_a, double length_b, size_t latent) {
    double apart = 0, along = 0;
    for (size_t i = 0; i < latent; i++) {
        const double one = (double)a[i] / length_a, other = (double)b[i] / length_b;
        apart += (one - other) * (one - other);
        along += (one + other) * (one + other);
    }
    return 2 * atan2(sqrt(apart), sqrt(along));
}

#define NO_ANGLE 1e-6 /* below this angle line and arc are equal in the precision of a float */

int interpolate_spherical(const float *a, const float *b, double t, float *z, size_t latent) {
    const double length_a = length(a, latent), length_b = length(b, latent);
    const double w = length_a > 0 && length_b > 0 ? angle(a, b, length_a, length_b, latent) : 0;
    if (acos(-1) - w < NO_ANGLE)
        return -1;
    if (w < NO_ANGLE || t == 0 || t == 1)
        interpolate_linear(a, b, t, z, latent);
    else
        mix(a, b, sin((1 - t) * w) / sin(w), sin(t * w) / sin(w), z, latent);
    return 0;
}
