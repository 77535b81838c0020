/* SPDX-License-Identifier: MIT */
#include "stream/element_stats.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

int element_stats_create(struct element_stats *stats, size_t elements, const char *stream) {
    *stats = (struct element_stats){.elements = elements, .all = calloc(elements, sizeof *stats->all)};
    return stats->all != NULL ? 0 : fail("%s: out of memory for %zu elements", stream, elements);
}

void element_stats_free(struct element_stats *stats) {
    free(stats->all);
    stats->all = NULL;
}

/* A deviation that is not finite: of an infinity, or of numbers that are further apart than any double. */
static void add_far(struct element *e, double value) {
    const double n = (double)e->count;
    e->mean = e->mean / n * (n - 1) + value / n;
    e->squares += isfinite(value) ? INFINITY : NAN;
}

/* Welford's method: exact if all numbers are the same, and stable if they are far from 0. Source: Welford, "Note on
 * a method for calculating corrected sums of squares and products", Technometrics 4, 1962. */
static void add(struct element *e, double value) {
    if (isnan(value))
        return;
    if (e->count++ == 0) {
        e->mean = e->min = e->max = value;
        e->squares = value - value; /* NaN of an infinity */
        return;
    }
    const double deviation = value - e->mean;
    if (isfinite(deviation)) {
        e->mean += deviation / (double)e->count;
        e->squares += deviation * (value - e->mean);
    } else {
        add_far(e, value);
    }
    e->min = value < e->min ? value : e->min;
    e->max = value > e->max ? value : e->max;
}

void element_stats_add(struct element_stats *stats, enum dtype dtype, const void *numbers, size_t count) {
    const unsigned char *from = numbers;
    const size_t size = dtype_size(dtype);
    for (size_t i = 0; i < count; i++, from += size) {
        add(&stats->all[stats->at], dtype_value(dtype, from));
        stats->at = stats->at + 1 < stats->elements ? stats->at + 1 : 0;
    }
}

double element_deviation(const struct element *e) {
    return e->count == 0 ? NAN : sqrt(e->squares / (double)e->count);
}
