/* SPDX-License-Identifier: MIT */
#include "train/feed.h"

#include "base/error.h"
#include "base/noise.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS ((uint64_t)1 << 24) /* numbers of draws: after so many blocks their orders begin anew */

/* Makes room for the order of so many items. 0 or -1. */
static int make_room(struct feed *f, size_t items) {
    if (items <= f->room)
        return 0;
    if (items > UINT32_MAX)
        return fail("%s: %zu items, wanted at most %" PRIu32 " to train on", f->data->name, items, UINT32_MAX);
    free(f->order);
    f->order = malloc(items * sizeof *f->order);
    f->room = f->order == NULL ? 0 : items;
    return f->order == NULL ? fail("training: out of memory for the order of %zu items", items) : 0;
}

/* Shuffles a block by the method of Fisher and Yates. It starts from the identity, so that the order depends on the
 * seed and the numbers of the epoch and the block only. `place`: that of the block's first item in the data. */
static void shuffle_block(const struct feed *f, uint64_t block, uint32_t *order, size_t place, size_t items) {
    for (size_t i = 0; i < items; i++)
        order[i] = (uint32_t)(place + i);
    for (size_t i = items - 1; i > 0; i--) {
        const struct noise noise = {.seed = f->seed,
                                    .purpose = PURPOSE_SHUFFLE,
                                    .item = f->epoch,
                                    .draw = (uint32_t)(block % DRAWS),
                                    .position = 4 * i};
        const size_t j = (size_t)noise_below(i + 1, noise);
        const uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

/* Takes the next items of each part for each mini-batch. The last one may have fewer. */
static void shuffle_parts(const struct feed *f) {
    const size_t parts = f->data->parts, items = f->data->items / parts, most = f->batch / parts;
    for (size_t part = 0; part < parts; part++) {
        shuffle_block(f, part, f->part_order, part * items, items);
        for (size_t first = 0; first < items; first += most) {
            const size_t each = smaller(most, items - first);
            memcpy(f->order + first * parts + part * each, f->part_order + first, each * sizeof *f->order);
        }
    }
}

/* Shuffles the items at hand. 0 or -1. */
static int shuffle(struct feed *f) {
    if (make_room(f, f->data->items) < 0)
        return -1;
    if (f->data->part != NULL) {
        shuffle_parts(f);
        return 0;
    }
    const size_t items = f->data->items, block = f->block == 0 ? items : f->block;
    const uint64_t first = feed_first(f) / block;
    for (size_t place = 0; place < items; place += block)
        shuffle_block(f, first + place / block, f->order + place, place, smaller(block, items - place));
    return 0;
}

int feed_start(struct feed *f) {
    const size_t parts = f->data->part == NULL ? 0 : f->data->parts;
    if (parts > 0 && (f->part_order = malloc(f->data->items / parts * sizeof *f->part_order)) == NULL)
        return fail("training: out of memory for the order of %zu items", f->data->items / parts);
    return make_room(f, f->data->items);
}

void feed_end(struct feed *f) {
    free(f->order);
    free(f->part_order);
    f->order = f->part_order = NULL;
}

int feed_begin(struct feed *f, uint64_t epoch) {
    f->epoch = epoch;
    if (f->stream != NULL && blocks_restart(f->stream) < 0)
        return -1;
    return shuffle(f);
}

int feed_resume(struct feed *f, uint64_t epoch, uint64_t position, const struct items_known *known) {
    f->epoch = epoch;
    if (f->stream != NULL && blocks_seek(f->stream, position, known) < 0)
        return -1;
    return shuffle(f);
}

int feed_next(struct feed *f, uint64_t position) {
    if (feed_left(f, position) > 0)
        return 1;
    const int more = f->stream == NULL ? 0 : blocks_next(f->stream);
    f->has_failed = more < 0;
    return more == 1 && shuffle(f) < 0 ? -1 : more;
}

#define AHEAD 8 /* steps: a disk then has many requests at a time, which it answers in the order that suits it */

void feed_read_ahead(const struct feed *f, uint64_t position, size_t count) {
    const uint64_t first = position == 0 ? 0 : position + AHEAD * count, end = position + (AHEAD + 1) * count;
    for (uint64_t i = first; (f->data->mapped > 0 || f->data->part != NULL) && i < end && i < f->data->items; i++)
        dataset_read_ahead(f->data, f->order[i]);
}

size_t feed_left(const struct feed *f, uint64_t position) {
    const uint64_t end = feed_first(f) + f->data->items;
    return position < end ? (size_t)(end - position) : 0;
}

bool feed_ends(const struct feed *f, uint64_t position) {
    return position > 0 && position == feed_items(f);
}

uint64_t feed_items(const struct feed *f) {
    return f->stream == NULL ? f->data->items : f->stream->items;
}

uint64_t feed_first(const struct feed *f) {
    return f->stream == NULL ? 0 : f->stream->first;
}

size_t feed_place(const struct feed *f, uint64_t position) {
    return f->order[position - feed_first(f)];
}
