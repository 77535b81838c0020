/* SPDX-License-Identifier: MIT */
#include "dist/missing.h"

#include <math.h>
#include <string.h>

/* The next run of observed elements from *first on, which is moved to its first: its length; 0: none is left. */
static size_t run_of(const float *x, size_t n, size_t *first) {
    while (*first < n && isnan(x[*first]))
        ++*first;
    size_t end = *first;
    while (end < n && !isnan(x[end]))
        end++;
    return end - *first;
}

size_t observed_count(const float *x, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += isnan(x[i]) ? 0 : 1;
    return count;
}

static size_t numbers(const struct likelihood *l, enum scale scale, size_t levels) {
    return l->has_levels ? levels : l->scales != 0 && scale == SCALE_NET ? 2 : 1;
}

double observed_negative_log(const struct likelihood *l, enum scale scale, const struct distributions *d,
                             const float *x, float *gradient, float *scale_gradient) {
    const size_t each = numbers(l, scale, d->levels);
    double sum = 0;
    size_t length;
    for (size_t first = 0; (length = run_of(x, d->n, &first)) > 0; first += length) {
        const bool has_scale = d->log_scale != NULL;
        const struct distributions run = {d->a + first * each, has_scale ? d->log_scale + first : NULL,
                                          has_scale ? d->inverse_scale + first : NULL, length, d->levels};
        sum += likelihood_negative_log(l, scale, &run, x + first, gradient == NULL ? NULL : gradient + first * each,
                                       scale_gradient == NULL ? NULL : scale_gradient + first);
    }
    for (size_t i = 0; gradient != NULL && i < d->n; i++)
        if (isnan(x[i])) {
            memset(gradient + i * each, 0, each * sizeof *gradient);
            if (scale_gradient != NULL)
                scale_gradient[i] = 0;
        }
    return sum;
}

double observed_deviations(const struct likelihood *l, const float *a, const float *x, size_t n) {
    double sum = 0;
    size_t length;
    for (size_t first = 0; (length = run_of(x, n, &first)) > 0; first += length)
        sum += l->deviations(a + first, x + first, length);
    return sum;
}
