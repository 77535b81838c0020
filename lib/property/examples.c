/* SPDX-License-Identifier: MIT */
#include "property/examples.h"

#include "base/error.h"
#include "base/number.h"
#include "query/latent_map.h"
#include "query/latent_sums.h"
#include "stream/dataset.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Both streams, while they are in memory. */
struct streams {
    struct dataset latents, targets;
    bool has_targets;
    size_t usable; /* first numbers of a latent that may be active */
};

/* Returns number j of the item that example i is. */
static double number_of(const struct dataset *set, const struct examples *e, size_t i, size_t j) {
    const unsigned char *item = dataset_item(set, i * set->items / e->count);
    return dtype_value(set->dtype, item + j * dtype_size(set->dtype));
}

static int check_targets(const struct streams *s) {
    const struct dataset *z = &s->latents, *y = &s->targets;
    if (!s->has_targets)
        return 0;
    if (y->elements != 1)
        return fail("%s: items have %zu numbers, wanted one number per item, the target", y->name, y->elements);
    if (z->items != y->items)
        return fail("%s: found %zu targets, wanted one for each of the %zu items of %s", y->name, y->items,
                    z->items, z->name);
    return latent_check_numbers(y->name, y->dtype, 1, y->data, y->items, 0);
}

static int check(const struct streams *s) {
    const struct dataset *z = &s->latents;
    if (latent_check_type(z->name, z->dtype, &z->shape) < 0)
        return -1;
    if (z->items < EXAMPLES_LEAST)
        return fail("%s: found %zu items, wanted at least %d examples", z->name, z->items, EXAMPLES_LEAST);
    return latent_check_numbers(z->name, z->dtype, z->elements, z->data, z->items, 0) < 0 ? -1 : check_targets(s);
}

static int set_targets(struct examples *e, const struct dataset *set) {
    char text[REAL_TEXT];
    double least = (double)INFINITY, most = -(double)INFINITY;
    e->target = calloc(e->count, sizeof *e->target);
    if (e->target == NULL)
        return fail("%s: out of memory for %zu examples", set->name, e->count);
    for (size_t i = 0; i < e->count; i++) {
        e->target[i] = number_of(set, e, i, 0);
        least = fmin(least, e->target[i]);
        most = fmax(most, e->target[i]);
    }
    if (most - least >= (double)FLT_MIN)
        return 0;
    if (most > least)
        return fail("%s: the targets differ by %.2g, wanted at least 1.2e-38: multiply them by a number", set->name,
                    most - least);
    return e->count == e->items
               ? fail("%s: the targets are all %s, wanted different ones", set->name, real_text(e->target[0], text))
               : fail("%s: the targets of %zu evenly spread items are all %s, wanted different ones", set->name,
                      e->count, real_text(e->target[0], text));
}

/* Finds the active numbers with their means and standard deviations. */
static int set_active(struct examples *e, const struct dataset *set, size_t usable) {
    for (size_t j = 0; j < e->latent && j < usable; j++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < e->count; i++)
            mean += number_of(set, e, i, j) / (double)e->count;
        for (size_t i = 0; i < e->count; i++) {
            const double away = number_of(set, e, i, j) - mean;
            variance += away * away / (double)e->count;
        }
        if (variance > LATENT_ACTIVE_VARIANCE) {
            e->number[e->active] = j;
            e->mean[e->active] = mean;
            e->scale[e->active++] = sqrt(variance);
        }
    }
    return e->active > 0 ? 0
                         : fail("%s: all %zu numbers of the latents have variances of at most %g, wanted at least "
                                "one above that",
                                set->name, e->latent, LATENT_ACTIVE_VARIANCE);
}

static int set_points(struct examples *e, const struct dataset *set) {
    size_t numbers;
    e->point = multiply(e->count, e->active, &numbers) ? calloc(numbers, sizeof *e->point) : NULL;
    if (e->point == NULL)
        return fail("%s: out of memory for %zu examples", set->name, e->count);
    for (size_t i = 0; i < e->count; i++)
        for (size_t k = 0; k < e->active; k++)
            e->point[i * e->active + k] = (number_of(set, e, i, e->number[k]) - e->mean[k]) / e->scale[k];
    return 0;
}

static int allocate(struct examples *e) {
    e->number = calloc(e->latent, sizeof *e->number);
    e->mean = calloc(e->latent, sizeof *e->mean);
    e->scale = calloc(e->latent, sizeof *e->scale);
    return e->number == NULL || e->mean == NULL || e->scale == NULL
               ? fail("examples: out of memory for latents of %zu numbers", e->latent)
               : 0;
}

static int set_examples(struct examples *e, const struct streams *s, size_t most) {
    if (check(s) < 0)
        return -1;
    e->items = s->latents.items;
    e->count = smaller(e->items, most);
    e->latent = s->latents.elements;
    if (allocate(e) < 0 || (s->has_targets && set_targets(e, &s->targets) < 0))
        return -1;
    return set_active(e, &s->latents, s->usable) < 0 ? -1 : set_points(e, &s->latents);
}

int examples_load(struct examples *e, const char *latents, const char *targets, size_t most) {
    struct streams s = {.has_targets = true, .usable = SIZE_MAX};
    *e = (struct examples){0};
    if (dataset_load(&s.latents, latents) < 0)
        return -1;
    int result = dataset_load(&s.targets, targets);
    if (result == 0) {
        result = set_examples(e, &s, most);
        dataset_free(&s.targets);
    }
    dataset_free(&s.latents);
    return result;
}

int examples_load_latents(struct examples *e, const char *latents, size_t usable) {
    struct streams s = {.usable = usable};
    *e = (struct examples){0};
    if (dataset_load(&s.latents, latents) < 0)
        return -1;
    const int result = set_examples(e, &s, SIZE_MAX);
    dataset_free(&s.latents);
    return result;
}

int examples_of_prior(struct examples *e, size_t latent, size_t active) {
    *e = (struct examples){.latent = latent, .active = active};
    if (allocate(e) < 0)
        return -1;
    for (size_t k = 0; k < active; k++) {
        e->number[k] = k;
        e->scale[k] = 1;
    }
    return 0;
}

void examples_free(struct examples *e) {
    free(e->number);
    free(e->mean);
    free(e->scale);
    free(e->point);
    free(e->target);
}

struct points examples_points(const struct examples *e) {
    return (struct points){.point = e->point, .target = e->target, .count = e->count, .inputs = e->active};
}

void examples_standardise(const struct examples *e, const float *z, double *point) {
    for (size_t k = 0; k < e->active; k++)
        point[k] = ((double)z[e->number[k]] - e->mean[k]) / e->scale[k];
}

double point_length(const double *point, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += point[i] * point[i];
    return sqrt(squares);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int examples_radius(const struct examples *e, double quantile, double *radius) {
    double *distance = malloc(e->count * sizeof *distance);
    if (distance == NULL)
        return fail("examples: out of memory for %zu distances", e->count);
    for (size_t i = 0; i < e->count; i++)
        distance[i] = point_length(e->point + i * e->active, e->active);
    qsort(distance, e->count, sizeof *distance, ascending);
    const double place = quantile * (double)(e->count - 1);
    const size_t below = (size_t)place, above = smaller(below + 1, e->count - 1);
    *radius = distance[below] + (place - (double)below) * (distance[above] - distance[below]);
    free(distance);
    return 0;
}
