#include "vae/items.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct { const char *name; } binarizes[BINARIZES] = {{"none"}, {"threshold"}, {"sample"}};

const char *binarize_name(enum binarize binarize) {
    return binarizes[binarize].name;
}

int binarize_find(const char *what, const char *name) {
    return parse_name(what, name, binarizes, BINARIZES, sizeof *binarizes);
}

static void to_float(const struct likelihood *likelihood, enum dtype dtype, const void *from, size_t n, float *x) {
    const unsigned char *bytes = from;
    if (dtype != DTYPE_U8 || !likelihood->as_it_is)
        dtype_to_float(dtype, from, x, n);
    else
        for (size_t i = 0; i < n; i++)
            x[i] = (float)bytes[i];
}

void item_to_float(const struct likelihood *likelihood, enum binarize binarize, enum dtype dtype, const void *from,
                   size_t n, struct noise noise, float *x) {
    to_float(likelihood, dtype, from, n, x);
    if (binarize == BINARIZE_SAMPLE)
        noise_bernoulli(x, n, noise);
    else if (binarize == BINARIZE_THRESHOLD)
        for (size_t i = 0; i < n; i++)
            x[i] = x[i] >= 0.5f ? 1.0f : 0.0f;
}

int items_mean(const struct likelihood *likelihood, const struct dataset *set, double *mean) {
    float *x = malloc(set->elements * sizeof *x);
    if (x == NULL)
        return fail("%s: out of memory for an item", set->name);
    for (size_t j = 0; j < set->elements; j++)
        mean[j] = 0;
    for (size_t i = 0; i < set->items; i++) {
        to_float(likelihood, set->dtype, dataset_item(set, i), set->elements, x);
        for (size_t j = 0; j < set->elements; j++)
            mean[j] += (double)x[j];
    }
    for (size_t j = 0; j < set->elements; j++)
        mean[j] /= (double)set->items;
    free(x);
    return 0;
}

/* Whether a number is one of the likelihood's. A float's rounding of a whole number of steps is allowed for. */
static bool holds(const struct likelihood *l, size_t levels, double v) {
    const double max = l->has_levels ? (double)levels - 1 : (double)l->max, steps = (double)l->steps;
    return v >= (double)l->min && v <= max && fabs(v * steps - rint(v * steps)) <= 1e-7 * steps;
}

int item_check(const struct likelihood *likelihood, size_t levels, enum binarize binarize, enum dtype dtype,
               const void *from, size_t n, const char *name, uint64_t item) {
    const bool unit = binarize != BINARIZE_NONE;
    const char *wanted = unit ? "a number in [0,1] to binarize" : likelihood->wanted;
    char level[64] = "";
    if (dtype == DTYPE_U8 && !likelihood->as_it_is)
        return 0; /* value/255 is in [0,1], which every other likelihood holds */
    if (likelihood->has_levels)
        snprintf(level, sizeof level, " (here %zu: levels 0 to %zu)", levels, levels - 1);
    for (size_t i = 0; i < n; i++) {
        const double v = dtype_value(dtype, (const unsigned char *)from + i * dtype_size(dtype));
        if (!(unit ? v >= 0 && v <= 1 : holds(likelihood, levels, v)))
            return fail("%s: item %" PRIu64 ", element %zu is %g, wanted %s%s", name, item, i,
                        isnan(v) ? (double)NAN : v, wanted, level);
    }
    return 0;
}

bool item_is_grey(enum dtype dtype, const void *from, size_t n) {
    const double one = dtype == DTYPE_U8 ? 255 : 1;
    for (size_t i = 0; i < n; i++) {
        const double v = dtype_value(dtype, (const unsigned char *)from + i * dtype_size(dtype));
        if (v != 0 && v != one)
            return true;
    }
    return false;
}
