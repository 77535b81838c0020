/* SPDX-License-Identifier: MIT */
#include "dist/special.h"

#include <math.h>

/* From this argument on Stirling's series is accurate enough. Smaller arguments are raised to it by the recurrence
 * Gamma(y + 1) = y Gamma(y). */
#define LARGE 10

/* Returns log Gamma(y) - (y - 1/2) log y + y - log(2 pi)/2 for y >= LARGE: Abramowitz and Stegun 6.1.41. */
static double stirling(double y) {
    const double w = 1 / (y * y);
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / y;
}

/* Returns psi(y) - log y for y >= LARGE: Abramowitz and Stegun 6.3.18. */
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
    /* Multiply r (r + 1) ... until the series can be used, or k factors are done. */
    for (; k > 0 && (k < LARGE || r < LARGE); k--, r++) {
        product *= r;
        sum += 1 / r;
    }
    *slope = sum;
    if (k <= 0)
        return log(product);
    /* Compute psi(r + k) - psi(r), and (r + k - 1/2) log(r + k) - (r - 1/2) log r - k, without taking differences
     * of large numbers. */
    *slope += log1p(k / r) + digamma_less_log(r + k) - digamma_less_log(r);
    return log(product) + (r - 0.5) * log1p(k / r) + k * log(r + k) - k + stirling(r + k) - stirling(r);
}

/* Returns log Gamma(n / 2 + 1). */
static double log_gamma_of_half(size_t n) {
    const size_t whole = n / 2;
    double slope;
    return n % 2 == 0 ? log_factorial((double)whole)
                      : log_rising((double)whole + 1, 0.5, &slope) + 0.5 * log(acos(-1));
}

/* Returns P(|u| <= r) by the series of the incomplete gamma function: Abramowitz and Stegun 6.5.29. */
static double length_probability(size_t n, double log_gamma, double r) {
    const double a = (double)n / 2, x = r * r / 2;
    double term = 1, sum = 1;
    if (x == 0)
        return 0;
    for (double k = 1; term > 1e-17 * sum; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return exp(a * log(x) - x - log_gamma + log(sum));
}

#define FARTHEST 10 /* beyond the root of n there is less than the last digit of 1 so far out */

double normal_length(size_t n, double probability) {
    const double log_gamma = log_gamma_of_half(n);
    double low = 0, high = sqrt((double)n) + FARTHEST;
    if (probability >= 1)
        return (double)INFINITY;
    while (high - low > 1e-12 * high) {
        const double middle = low + (high - low) / 2;
        if (length_probability(n, log_gamma, middle) < probability)
            low = middle;
        else
            high = middle;
    }
    return probability <= 0 ? 0 : high;
}
