#include "vae/items.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const struct { const char *name; } binarizes[BINARIZES] = {{"none"}, {"threshold"}, {"sample"}};

const char *binarize_name(enum binarize binarize) {
    return binarizes[binarize].name;
}

int binarize_find(const char *what, const char *name) {
    return parse_name(what, name, binarizes, BINARIZES, sizeof *binarizes);
}

void item_to_float(enum dtype dtype, const void *from, size_t n, enum binarize binarize, struct noise noise,
                   float *x) {
    dtype_to_float(dtype, from, x, n);
    if (binarize == BINARIZE_SAMPLE)
        noise_bernoulli(x, n, noise);
    else if (binarize == BINARIZE_THRESHOLD)
        for (size_t i = 0; i < n; i++)
            x[i] = x[i] >= 0.5f ? 1.0f : 0.0f;
}

int items_mean(const struct dataset *set, double *mean) {
    float *x = malloc(set->elements * sizeof *x);
    if (x == NULL)
        return fail("%s: out of memory for an item", set->name);
    for (size_t j = 0; j < set->elements; j++)
        mean[j] = 0;
    for (size_t i = 0; i < set->items; i++) {
        dtype_to_float(set->dtype, dataset_item(set, i), x, set->elements);
        for (size_t j = 0; j < set->elements; j++)
            mean[j] += (double)x[j];
    }
    for (size_t j = 0; j < set->elements; j++)
        mean[j] /= (double)set->items;
    free(x);
    return 0;
}

int item_check(const struct likelihood *likelihood, enum binarize binarize, enum dtype dtype, const void *from,
               size_t n, const char *name, uint64_t item) {
    const bool unit = binarize != BINARIZE_NONE;
    const float min = unit ? 0.0f : likelihood->min, max = unit ? 1.0f : likelihood->max;
    if (dtype == DTYPE_U8)
        return 0; /* value/255 is in [0,1], which every likelihood holds */
    for (size_t i = 0; i < n; i++) {
        const double v = dtype_value(dtype, (const unsigned char *)from + i * dtype_size(dtype));
        if (!(v >= (double)min && v <= (double)max))
            return fail("%s: item %" PRIu64 ", element %zu is %g, wanted %s", name, item, i,
                        isnan(v) ? (double)NAN : v, unit ? "a number in [0,1] to binarize" : likelihood->wanted);
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
