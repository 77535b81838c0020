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

int main(void) {
    static const struct test tests[] = {
        {"log k! is the sum of logarithms", log_factorial_is_its_sum},
        {"log Gamma(k + r) / Gamma(r) and its slope are their sums", log_rising_and_its_slope_are_their_sums},
    };
    return RUN(tests);
}
