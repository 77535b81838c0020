/* SPDX-License-Identifier: MIT */
#include "dist/missing.h"

#include <math.h>
#include <string.h>

/* Finds the next run of observed elements at or after *first. Moves *first to its start and returns its length, 0
 * if there is none. */
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

/* Returns the distributions of the elements [first, first + length). */
static struct distributions part(const struct distributions *d, size_t first, size_t length) {
    const bool has_scale = d->log_scale != NULL;
    return (struct distributions){.segment = d->segment,
                                  .a = d->a + first * d->segment->outputs,
                                  .log_scale = has_scale ? d->log_scale + first : NULL,
                                  .inverse_scale = has_scale ? d->inverse_scale + first : NULL,
                                  .n = length};
}

double observed_negative_log(const struct distributions *d, const float *x, float *gradient,
                             float *scale_gradient) {
    const size_t each = d->segment->outputs;
    double sum = 0;
    size_t length;
    for (size_t first = 0; (length = run_of(x, d->n, &first)) > 0; first += length) {
        const struct distributions run = part(d, first, length);
        sum += likelihood_negative_log(&run, x + first, gradient == NULL ? NULL : gradient + first * each,
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

double observed_deviations(const struct distributions *d, const float *x) {
    double sum = 0;
    size_t length;
    for (size_t first = 0; (length = run_of(x, d->n, &first)) > 0; first += length)
        sum += d->segment->likelihood->deviations(d->a + first, x + first, length);
    return sum;
}
