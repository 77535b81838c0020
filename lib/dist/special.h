/* SPDX-License-Identifier: MIT */
#ifndef DIST_SPECIAL_H
#define DIST_SPECIAL_H

#define HALF_LOG_2PI 0.91893853320467274178

/* Log-gamma functions of counts, with relative errors below 1e-10. */

/* Returns log k! of a whole number k; NaN if k < 0 or k is NaN. */
double log_factorial(double k);

/* Returns log(Gamma(k + r) / Gamma(r)) for a whole number k >= 0 and r > 0. Writes its derivative with respect to r
 * to *slope, which must not be NULL. */
double log_rising(double k, double r, double *slope);

#endif
