/* SPDX-License-Identifier: MIT */
#ifndef DIST_SPECIAL_H
#define DIST_SPECIAL_H

#define HALF_LOG_2PI 0.91893853320467274178

/* Functions of counts, in double; relative errors below 1e-10. */

/* log k! of a whole number k; nan if k < 0. */
double log_factorial(double k);

/* log(Gamma(k + r) / Gamma(r)) for k >= 0 and r > 0, and its derivative with respect to r. */
double log_rising(double k, double r, double *slope);

#endif
