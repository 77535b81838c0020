/* SPDX-License-Identifier: MIT */
#include "dist/special.h"

#include <math.h>

/* Where Stirling's series is good enough; arguments below are raised to it, a factor at a time. */
#define LARGE 10

/* log Gamma(y) - (y - 1/2) log y + y - log(2 pi)/2, Abramowitz and Stegun 6.1.41; y >= LARGE. */
static double stirling(double y) {
    const double w = 1 / (y * y);
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / y;
}

/* psi(y) - log y, Abramowitz and Stegun 6.3.18; y >= LARGE. */
static double digamma_less_log(double y) {
    const double w = 1 / (y * y);
    return -0.5 / y - w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - w * (1.0 / 240 - w / 132))));
}

double log_factorial(double k) {
    static const double factorial[LARGE] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880};
    if (!(k >= 0))
        return NAN;
    if (k < LARGE)
        return log(factorial[(int)k]);
    const double y = k + 1;
    return (y - 0.5) * log(y) - y + HALF_LOG_2PI + stirling(y);
}

double log_rising(double k, double r, double *slope) {
    double product = 1, sum = 0;
    /* r (r + 1) ... up to where the series begins, or to the end. */
    for (; k > 0 && (k < LARGE || r < LARGE); k--, r++) {
        product *= r;
        sum += 1 / r;
    }
    *slope = sum;
    if (k <= 0)
        return log(product);
    /* psi(r + k) - psi(r), and (r + k - 1/2) log(r + k) - (r - 1/2) log r - k, without the difference of large
     * numbers. */
    *slope += log1p(k / r) + digamma_less_log(r + k) - digamma_less_log(r);
    return log(product) + (r - 0.5) * log1p(k / r) + k * log(r + k) - k + stirling(r + k) - stirling(r);
}
