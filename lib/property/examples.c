/* SPDX-License-Identifier: MIT */
#include "property/examples.h"

#include "base/error.h"
#include "base/number.h"
#include "query/latent_map.h"
#include "query/latent_sums.h"
#include "stream/dataset.h"

#include <math.h>
#include <stdlib.h>

/* Both streams, while they are in memory. */
struct streams {
    struct dataset latents, targets;
};

/* Returns number j of the item that example i is. */
static double number_of(const struct dataset *set, const struct examples *e, size_t i, size_t j) {
    const unsigned char *item = dataset_item(set, i * set->items / e->count);
    return dtype_value(set->dtype, item + j * dtype_size(set->dtype));
}

static int check(const struct streams *s) {
    const struct dataset *z = &s->latents, *y = &s->targets;
    if (latent_check_type(z->name, z->dtype, &z->shape) < 0)
        return -1;
    if (y->elements != 1)
        return fail("%s: items have %zu numbers, wanted one number per item, the target", y->name, y->elements);
    if (z->items != y->items)
        return fail("%s: found %zu targets, wanted one for each of the %zu items of %s", y->name, y->items,
                    z->items, z->name);
    if (z->items < EXAMPLES_LEAST)
        return fail("%s: found %zu items, wanted at least %d examples", z->name, z->items, EXAMPLES_LEAST);
    return latent_check_numbers(z->name, z->dtype, z->elements, z->data, z->items, 0) < 0
               ? -1
               : latent_check_numbers(y->name, y->dtype, 1, y->data, y->items, 0);
}

static int set_targets(struct examples *e, const struct dataset *set) {
    char text[REAL_TEXT];
    size_t differing = 0;
    for (size_t i = 0; i < e->count; i++) {
        e->target[i] = number_of(set, e, i, 0);
        differing += e->target[i] != e->target[0];
    }
    if (differing > 0)
        return 0;
    return e->count == e->items
               ? fail("%s: the targets are all %s, wanted different ones", set->name, real_text(e->target[0], text))
               : fail("%s: the targets of %zu evenly spread items are all %s, wanted different ones", set->name,
                      e->count, real_text(e->target[0], text));
}

/* Finds the active numbers with their means and standard deviations. */
static int set_active(struct examples *e, const struct dataset *set) {
    for (size_t j = 0; j < e->latent; j++) {
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

static int set_examples(struct examples *e, const struct streams *s, size_t most) {
    if (check(s) < 0)
        return -1;
    e->items = s->latents.items;
    e->count = smaller(e->items, most);
    e->latent = s->latents.elements;
    e->number = calloc(e->latent, sizeof *e->number);
    e->mean = calloc(e->latent, sizeof *e->mean);
    e->scale = calloc(e->latent, sizeof *e->scale);
    e->target = calloc(e->count, sizeof *e->target);
    if (e->number == NULL || e->mean == NULL || e->scale == NULL || e->target == NULL)
        return fail("%s: out of memory for %zu examples", s->latents.name, e->count);
    return set_targets(e, &s->targets) < 0 || set_active(e, &s->latents) < 0 ? -1 : set_points(e, &s->latents);
}

int examples_load(struct examples *e, const char *latents, const char *targets, size_t most) {
    struct streams s = {0};
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
