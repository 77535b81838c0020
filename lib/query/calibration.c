/* SPDX-License-Identifier: MIT */
#include "query/calibration.h"

#include "base/error.h"
#include "stream/dataset.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int take(struct calibration *c, const struct dataset *set) {
    c->score = malloc(set->items * sizeof *c->score);
    if (c->score == NULL)
        return fail("%s: out of memory for %zu scores", set->name, set->items);
    for (; c->count < set->items; c->count++) {
        c->score[c->count] = dtype_value(set->dtype, dataset_item(set, c->count));
        if (!isfinite(c->score[c->count]))
            return fail("%s: item %zu is not a finite number, wanted a score", set->name, c->count);
    }
    qsort(c->score, c->count, sizeof *c->score, compare);
    return 0;
}

int calibration_load(struct calibration *c, const char *path) {
    struct dataset set;
    char shape[SHAPE_TEXT];
    int result = 0;
    *c = (struct calibration){0};
    if (dataset_load(&set, path) < 0)
        return -1;
    if (set.elements != 1 || !dtype_is_real(set.dtype))
        result = fail("%s: items are %s of shape %s, wanted scores, f32 or f64 of shape 1", set.name,
                      dtype_name(set.dtype), shape_text(&set.shape, shape));
    if (result == 0)
        result = take(c, &set);
    dataset_free(&set);
    return result;
}

double calibration_p(const struct calibration *c, double score) {
    size_t below = 0,
           end = c->count; /* scores before `below` are less than `score`, scores from `end` on are not */
    while (below < end) {
        const size_t middle = below + (end - below) / 2;
        if (c->score[middle] < score)
            below = middle + 1;
        else
            end = middle;
    }
    return (1 + (double)(c->count - below)) / (1 + (double)c->count);
}

void calibration_free(struct calibration *c) {
    free(c->score);
}
