/* SPDX-License-Identifier: MIT */
#include "train/distinct.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* The digests of all items; equal items have one digest. Those that were chosen are marked. */
struct digests {
    uint64_t *of_item; /* [items] */
    uint64_t *sorted;  /* [different], in ascending order */
    bool *taken;       /* [different] */
    size_t different;
};

static int ascending(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sets the digests of the data, for which memory is there. */
static void set_digests(struct digests *d, const struct dataset *data) {
    for (size_t i = 0; i < data->items; i++)
        d->of_item[i] = XXH64(dataset_item(data, i), data->item_bytes, 0);
    memcpy(d->sorted, d->of_item, data->items * sizeof *d->sorted);
    qsort(d->sorted, data->items, sizeof *d->sorted, ascending);
    for (size_t i = 0; i < data->items; i++)
        if (i == 0 || d->sorted[i] != d->sorted[d->different - 1])
            d->sorted[d->different++] = d->sorted[i];
}

/* Marks the bytes of an item as chosen. Returns whether they were not before. */
static bool take(struct digests *d, size_t item) {
    const uint64_t *found = bsearch(&d->of_item[item], d->sorted, d->different, sizeof *d->sorted, ascending);
    bool *taken = &d->taken[found - d->sorted];
    const bool first = !*taken;
    *taken = true;
    return first;
}

static size_t choose(struct digests *d, const struct dataset *data, size_t count, size_t *chosen) {
    size_t different = 0;
    for (size_t k = 0; k < count; k++) {
        size_t item = (size_t)(((double)k + 0.5) / (double)count * (double)data->items);
        const bool all = different == d->different;
        while (!all && !take(d, item))
            item = (item + 1) % data->items;
        different += !all;
        chosen[k] = item;
    }
    return different;
}

size_t distinct_items(const struct dataset *data, size_t count, size_t *chosen) {
    size_t different = 0;
    struct digests d = {malloc(data->items * sizeof *d.of_item), malloc(data->items * sizeof *d.sorted),
                        calloc(data->items, sizeof *d.taken), 0};
    if (d.of_item != NULL && d.sorted != NULL && d.taken != NULL) {
        set_digests(&d, data);
        different = choose(&d, data, count, chosen);
    } else {
        (void)fail("%s: out of memory to compare %zu items", data->name, data->items);
    }
    free(d.of_item);
    free(d.sorted);
    free(d.taken);
    return different;
}
