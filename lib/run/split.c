/* SPDX-License-Identifier: MIT */
#include "run/split.h"

#include "base/error.h"
#include "base/noise.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void swap(uint32_t *x, size_t i, size_t j) {
    const uint32_t word = x[i];
    x[i] = x[j];
    x[j] = word;
}

static void swap_targets(double *x, size_t i, size_t j) {
    const double target = x[i];
    x[i] = x[j];
    x[j] = target;
}

/* Moves `count` items to the end, by the first steps of the method of Fisher and Yates. */
static void move_to_end(struct dataset *set, uint32_t *label, double *target, uint32_t *number, size_t count,
                        uint64_t seed) {
    for (size_t i = set->items - 1; i >= set->items - count; i--) {
        const size_t j = (size_t)noise_below(
            i + 1, (struct noise){.seed = seed, .purpose = PURPOSE_VALIDATION, .position = 4 * i});
        dataset_swap(set, i, j);
        swap(number, i, j);
        if (label != NULL)
            swap(label, i, j);
        if (target != NULL)
            swap_targets(target, i, j);
    }
}

int split_data(const struct split *split, struct dataset *train, uint32_t *label, double *target,
               struct dataset *validation, uint32_t **number) {
    if (train->items < 2 || train->items > UINT32_MAX)
        return fail("%s: %zu items, wanted from 2 to %" PRIu32 " to take a part of them for --val", train->name,
                    train->items, UINT32_MAX);
    *number = calloc(train->items, sizeof **number);
    if (*number == NULL)
        return fail("%s: out of memory for the order of %zu items", train->name, train->items);
    if (dataset_allow_changes(train) < 0)
        return -1;
    for (size_t i = 0; i < train->items; i++)
        (*number)[i] = (uint32_t)i;
    const double wanted = round(split->fraction * (double)train->items);
    const size_t most = train->items - 1, count = wanted < 1 ? 1 : wanted > (double)most ? most : (size_t)wanted;
    move_to_end(train, label, target, *number, count, split->seed);
    train->number = *number;
    train->items -= count;
    *validation = *train;
    validation->items = count;
    validation->data = dataset_item(train, train->items);
    validation->number = *number + train->items;
    validation->owned = NULL;
    validation->capacity = validation->mapped = 0;
    return 0;
}
