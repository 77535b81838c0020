/* SPDX-License-Identifier: MIT */
#include "model/item_input.h"

#include "base/error.h"
#include "base/number.h"
#include "kernel/math_kernel.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; } binarizes[BINARIZES] = {{"none"}, {"threshold"}, {"sample"}};

const char *binarize_name(enum binarize binarize) {
    return binarizes[binarize].name;
}

int binarize_find(const char *what, const char *name) {
    return parse_name(what, name, binarizes, BINARIZES, sizeof *binarizes);
}

static void to_float(const struct likelihood *likelihood, enum dtype dtype, const void *from, size_t n, float *x) {
    const unsigned char *bytes = from;
    if (dtype != DTYPE_U8 || !likelihood->raw_u8)
        dtype_to_float(dtype, from, x, n);
    else
        for (size_t i = 0; i < n; i++)
            x[i] = (float)bytes[i];
    /* Whole numbers may be off by the rounding of a float, see holds(). */
    for (size_t i = 0; likelihood->steps == 1 && dtype_is_real(dtype) && i < n; i++)
        x[i] = rintf(x[i]);
}

static double value(enum dtype dtype, const void *from, size_t i) {
    return dtype_value(dtype, (const unsigned char *)from + i * dtype_size(dtype));
}

void item_to_float(const struct likelihood *likelihood, enum binarize binarize, enum dtype dtype, const void *from,
                   size_t n, struct noise noise, float *x) {
    to_float(likelihood, dtype, from, n, x);
    if (binarize == BINARIZE_NONE)
        return;
    const bool whole = !dtype_is_real(dtype) || math_kernel()->finite(x, n);
    if (binarize == BINARIZE_SAMPLE)
        noise_bernoulli(x, n, noise);
    else
        for (size_t i = 0; i < n; i++)
            x[i] = x[i] >= 0.5f ? 1.0f : 0.0f;
    for (size_t i = 0; !whole && i < n; i++)
        if (isnan(value(dtype, from, i)))
            x[i] = NAN;
}

int items_mean(const struct likelihood *likelihood, enum binarize binarize, const struct dataset *set,
               double *mean) {
    const enum binarize mode = binarize == BINARIZE_SAMPLE ? BINARIZE_NONE : binarize;
    float *x = malloc(set->elements * sizeof *x);
    double *count = calloc(set->elements, sizeof *count);
    memset(mean, 0, set->elements * sizeof *mean);
    for (size_t i = 0; x != NULL && count != NULL && i < set->items; i++) {
        item_to_float(likelihood, mode, set->dtype, dataset_item(set, i), set->elements, (struct noise){0}, x);
        for (size_t j = 0; j < set->elements; j++)
            if (!isnan(x[j])) {
                count[j]++;
                mean[j] += (double)x[j];
            }
    }
    for (size_t j = 0; count != NULL && j < set->elements; j++)
        mean[j] = count[j] > 0 ? mean[j] / count[j] : 0;
    const int result = x == NULL || count == NULL ? fail("%s: out of memory for an item", set->name) : 0;
    free(count);
    free(x);
    return result;
}

/* Returns whether v is in the support of the likelihood. A multiple of 1/steps may be off by the rounding of a
 * float. */
static bool holds(const struct likelihood *l, size_t levels, double v) {
    const double max = l->has_levels ? (double)levels - 1 : (double)l->max, steps = (double)l->steps;
    return v >= (double)l->min && v <= max && fabs(v * steps - rint(v * steps)) <= 1e-7 * steps;
}

/* Returns the beginning of the advice about v, for whole numbers that may be counts. */
static const char *advice_on_counts(const struct likelihood *l, double v) {
    return l->max <= 1 && v > 1 && v == rint(v) ? "train counts with -l poisson or negbin; " : "";
}

/* Sets the message about element i of an item, whose value is v. Returns -1. */
static int fail_element(const struct item_support *s, double v, const char *name, uint64_t item, size_t i) {
    const struct likelihood *l = s->likelihood;
    const bool unit = s->binarize != BINARIZE_NONE;
    const bool advised = !unit && l->advice != NULL && fabs(v) <= (double)FLT_MAX;
    const bool too_large = (double)l->max >= (double)FLT_MAX && isfinite(v); /* all finite floats are accepted */
    const char *wanted = unit        ? "a number in [0,1] to binarize"
                         : too_large ? "a number from -3.4e38 to 3.4e38, in single precision"
                                     : l->wanted;
    char level[64] = "", number[REAL_TEXT];
    (void)real_text(isnan(v) ? (double)NAN : v, number);
    if (s->tokens)
        return fail("%s: item %" PRIu64 ", element %zu is %s, wanted a token number from 0 to %zu", name, item, i,
                    number, s->levels - 1);
    if (l->has_levels)
        snprintf(level, sizeof level, " (here %zu: levels 0 to %zu)", s->levels, s->levels - 1);
    return fail("%s: item %" PRIu64 ", element %zu is %s, wanted %s%s%s%s%s%s", name, item, i, number, wanted,
                level, advised ? ": " : "", advised ? advice_on_counts(l, v) : "", advised ? l->advice : "",
                isnan(v) ? " (vae-train --missing takes nan for a missing element)" : "");
}

/* Returns whether all floats are within bounds that are the whole support; false says nothing. Most data is so. */
static bool is_within(const struct item_support *s, const float *x, size_t n) {
    const struct likelihood *l = s->likelihood;
    if (s->binarize != BINARIZE_NONE)
        return math_kernel()->within(x, n, 0, 1);
    return l->steps == 0 && !l->has_levels && math_kernel()->within(x, n, l->min, l->max);
}

int item_check(const struct item_support *s, enum dtype dtype, const void *from, size_t n, const char *name,
               uint64_t item) {
    const bool unit = s->binarize != BINARIZE_NONE;
    if (dtype == DTYPE_U8 && !s->likelihood->raw_u8)
        return 0; /* value/255 is in [0,1], which is in the support of every other likelihood */
    if (dtype == DTYPE_F32 && is_within(s, from, n))
        return 0;
    for (size_t i = 0; i < n; i++) {
        const double v = value(dtype, from, i);
        if (s->missing && isnan(v))
            continue;
        if (!(unit ? v >= 0 && v <= 1 : holds(s->likelihood, s->levels, v)))
            return fail_element(s, v, name, item, i);
    }
    return 0;
}

bool item_is_grey(enum dtype dtype, const void *from, size_t n) {
    const double one = dtype == DTYPE_U8 ? 255 : 1;
    for (size_t i = 0; i < n; i++) {
        const double v = value(dtype, from, i);
        if (v != 0 && v != one && !isnan(v))
            return true;
    }
    return false;
}
