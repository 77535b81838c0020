/* SPDX-License-Identifier: MIT */
/* Functions of counts against their sums, term by term. */
#include "dist/special.h"
#include "test.h"

#include <math.h>

/* What the header promises. */
static int agrees(double found, long double wanted) {
    return fabsl(found - wanted) <= 1e-10L * fabsl(wanted) + 1e-15L;
}

static void log_factorial_is_its_sum(void) {
    long double sum = 0;
    for (int k = 0; k <= 100000; k++) {
        sum += k > 0 ? logl(k) : 0;
        EXPECT(agrees(log_factorial(k), sum), "log %d! is %.17g, wanted %.17Lg", k, log_factorial(k), sum);
    }
}

static void log_rising_and_its_slope_are_their_sums(void) {
    /* On both sides of where the series begins, and where numbers are small or large. */
    static const double starts[] = {1e-7, 0.03, 0.5, 1, 2.25, 9.999, 10, 10.001, 12, 25, 400, 1e5, 1e9};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const double r = starts[i];
        long double sum = 0, wanted_slope = 0;
        for (int k = 0; k <= 2000; k++) {
            double slope;
            const double found = log_rising(k, r, &slope);
            EXPECT(agrees(found, sum), "log_rising(%d, %g) is %.17g, wanted %.17Lg", k, r, found, sum);
            EXPECT(agrees(slope, wanted_slope), "its slope at (%d, %g) is %.17g, wanted %.17Lg", k, r, slope,
                   wanted_slope);
            sum += logl((long double)r + k);
            wanted_slope += 1 / ((long double)r + k);
        }
    }
}

/* The probability that N(0, I) of n numbers is no longer than r, from closed forms: of one number the error
 * function, and then each two numbers more take away a term. */
static double shorter(size_t n, double r) {
    const double x = r * r / 2;
    double probability = n % 2 == 1 ? erf(r / sqrt(2)) : 1 - exp(-x), at = n % 2 == 1 ? 0.5 : 1;
    for (size_t k = n % 2 == 1 ? 1 : 2; k < n; k += 2, at++)
        probability -= exp(at * log(x) - x - lgamma(at + 1));
    return probability;
}

static void lengths_of_normal_vectors(void) {
    static const size_t numbers[] = {1, 2, 3, 4, 5, 8, 20, 57, 256, 1001};
    static const double wanted[] = {0.01, 0.3, 0.5, 0.95, 0.999};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t j = 0; j < 5; j++) {
            const double r = normal_length(numbers[i], wanted[j]);
            EXPECT(fabs(shorter(numbers[i], r) - wanted[j]) < 1e-9,
                   "%zu numbers: P(|u| <= %.9g) is %.12g, wanted %g", numbers[i], r, shorter(numbers[i], r),
                   wanted[j]);
        }
        EXPECT(normal_length(numbers[i], 0) == 0 && isinf(normal_length(numbers[i], 1)), "ends %g and %g",
               normal_length(numbers[i], 0), normal_length(numbers[i], 1));
    }
    /* Fisher's approximation of many numbers. */
    EXPECT(fabs(normal_length(65536, 0.95) - (sqrt(2 * 65536.0 - 1) + 1.6448536) / sqrt(2)) < 1e-3, "%.9g",
           normal_length(65536, 0.95));
}

int main(void) {
    static const struct test tests[] = {
        {"lengths of normal vectors", lengths_of_normal_vectors},
        {"log k! is the sum of logarithms", log_factorial_is_its_sum},
        {"log Gamma(k + r) / Gamma(r) and its slope are their sums", log_rising_and_its_slope_are_their_sums},
    };
    return RUN(tests);
}
