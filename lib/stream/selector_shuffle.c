/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/memory.h"
#include "base/noise.h"
#include "base/number.h"
#include "base/progress.h"
#include "stream/selector.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES ((size_t)1 << 16)
#define MAX_ITEMS ((uint64_t)1 << 32) /* noise_below draws from no more */

/* Memory that grows at its end. */
struct grown {
    char *memory; /* owned */
    size_t used, capacity;
};

/* The chosen items, first in the stream's order. */
struct order {
    struct grown items; /* uint64_t [items]: where each of them begins in the file, or itself, see is_small */
    struct grown ids;   /* uint64_t [items]: where its identifier begins in the text; empty without identifiers */
    struct grown text;  /* the identifiers, each followed by '\n' */
};

static int append(struct grown *g, const void *data, size_t bytes, const char *name) {
    if (bytes > g->capacity - g->used) {
        size_t capacity = g->capacity == 0 ? FIRST_BYTES : 2 * g->capacity;
        while (capacity - g->used < bytes)
            capacity *= 2;
        char *memory = memory_resize(g->memory, g->capacity, capacity);
        if (memory == NULL)
            return fail("%s: out of memory after %zu bytes for the order of its items", name, g->used);
        g->memory = memory;
        g->capacity = capacity;
    }
    memcpy(g->memory + g->used, data, bytes);
    g->used += bytes;
    return 0;
}

static void release(struct grown *g) {
    memory_release(g->memory, g->capacity);
}

static uint64_t *numbers(const struct grown *g) {
    return (uint64_t *)(void *)g->memory;
}

/* Reads the identifier of the next item, and keeps it if the item is chosen. */
static int add_id(struct selector *s, struct order *order, bool chosen) {
    const uint64_t begin = order->text.used;
    const char *text, *name = s->id_reader.in.name;
    size_t length;
    if (side_next(&s->id_reader, &text, &length, s->reader.in.name) < 0)
        return -1;
    if (!chosen)
        return 0;
    return append(&order->ids, &begin, sizeof begin, name) < 0 || append(&order->text, text, length, name) < 0 ||
                   append(&order->text, "\n", 1, name) < 0
               ? -1
               : 0;
}

/* An item that takes no more memory than its place is kept instead: reading each by itself would take far longer.
 */
static bool is_small(const struct selector *s) {
    return s->item_bytes <= sizeof(uint64_t);
}

/* Adds the chosen ones of the next n items, the first of which begins at `place` in the file, and passes over them.
 */
static int add_items(struct selector *s, struct order *order, size_t n, uint64_t place) {
    if (selection_choose(&s->selection, s->reader.items, n, s->side, s->reader.in.name) < 0 ||
        (is_small(s) && raw_read(&s->reader, s->items, n) < 0))
        return -1;
    for (size_t i = 0; i < n; i++, place += s->item_bytes) {
        const bool chosen = s->side[i] == SIDE_CHOSEN;
        uint64_t kept = place;
        if (is_small(s))
            memcpy(&kept, s->items + i * s->item_bytes, s->item_bytes);
        if (chosen && append(&order->items, &kept, sizeof kept, s->reader.in.name) < 0)
            return -1;
        if (s->ids != NULL && add_id(s, order, chosen) < 0)
            return -1;
    }
    return is_small(s) ? 0 : raw_skip(&s->reader, (uint64_t)n * s->item_bytes);
}

/* Finds the chosen items in the whole stream, which is checked to its end. */
static int find_items(struct selector *s, struct order *order) {
    const size_t most = is_small(s) ? smaller(s->capacity, SELECTOR_WINDOW) : SELECTOR_WINDOW;
    int more;
    while ((more = raw_next(&s->reader)) == 1)
        while (s->reader.left > 0) {
            const uint64_t left = s->reader.left / s->item_bytes;
            const uint64_t place = (uint64_t)lseek(s->reader.in.fd, 0, SEEK_CUR); /* a regular file has one */
            if (add_items(s, order, smaller(left, most), place) < 0)
                return -1;
            progress_items(s->reader.items, s->reader.total);
        }
    return more < 0 ? -1 : selector_check_end(s);
}

static void swap(uint64_t *numbers, uint64_t a, uint64_t b) {
    const uint64_t number = numbers[a];
    numbers[a] = numbers[b];
    numbers[b] = number;
}

/* Puts the first `count` of `items` items into a random order, after Fisher and Yates: item i changes places with
 * one of those from i on. So a smaller count gives the beginning of the same order. */
static void shuffle(const struct selector *s, struct order *order, uint64_t items, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        const struct noise noise = {.seed = s->selection.seed, .purpose = PURPOSE_ORDER, .item = i};
        const uint64_t other = i + noise_below(items - i, noise);
        swap(numbers(&order->items), i, other);
        if (s->ids != NULL)
            swap(numbers(&order->ids), i, other);
    }
}

/* Writes the identifiers of the items [first, end) of the order. */
static int write_ids(struct selector *s, const struct order *order, uint64_t first, uint64_t end) {
    for (uint64_t i = first; s->write_ids != NULL && i < end; i++) {
        const char *text = order->text.memory + numbers(&order->ids)[i];
        if (side_write(&s->chosen.ids, text, strcspn(text, "\n"), s->id_reader.in.name) < 0)
            return -1;
    }
    return 0;
}

/* Reads item number i of the order into s->items. */
static int read_item(struct selector *s, const struct order *order, uint64_t i) {
    const uint64_t kept = numbers(&order->items)[i];
    if (is_small(s)) {
        memcpy(s->items, &kept, s->item_bytes);
        return 0;
    }
    const ssize_t n = input_read_at(&s->reader.in, s->items, s->item_bytes, (off_t)kept);
    if (n >= 0 && (size_t)n < s->item_bytes)
        return fail("%s: became shorter while it was read, wanted it unchanged", s->reader.in.name);
    return n < 0 ? -1 : 0;
}

/* Writes the items [first, end) of `count` as a frame. */
static int write_frame(struct selector *s, const struct order *order, uint64_t first, uint64_t end,
                       uint64_t count) {
    if (write_ids(s, order, first, end) < 0 || item_output_begin(&s->chosen, end - first, end == count) < 0)
        return -1;
    for (uint64_t i = first; i < end; i++) {
        if (read_item(s, order, i) < 0 || item_output_put(&s->chosen, s->items) < 0)
            return -1;
        progress_items(i + 1, count);
    }
    return item_output_flush(&s->chosen);
}

static int write_items(struct selector *s, const struct order *order, uint64_t count) {
    const uint64_t most = item_output_frame_most(&s->chosen);
    uint64_t first = 0, end;
    do {
        end = count - first < most ? count : first + most;
        if (write_frame(s, order, first, end, count) < 0)
            return -1;
        first = end;
    } while (end < count);
    return 0;
}

static int run(struct selector *s, struct order *order) {
    if (find_items(s, order) < 0)
        return -1;
    const uint64_t items = order->items.used / sizeof(uint64_t);
    if (items > MAX_ITEMS)
        return fail("%s: %" PRIu64 " items are chosen, wanted at most %" PRIu64 " for --shuffle", s->reader.in.name,
                    items, MAX_ITEMS);
    if (s->shuffle_count != UINT64_MAX && s->shuffle_count > items)
        return fail("%s: %" PRIu64 " items are chosen at its end, wanted the %" PRIu64 " of --count",
                    s->reader.in.name, items, s->shuffle_count);
    const uint64_t count = s->shuffle_count == UINT64_MAX ? items : s->shuffle_count;
    shuffle(s, order, items, count);
    return write_items(s, order, count);
}

int selector_run_shuffled(struct selector *s) {
    struct stat status;
    if (fstat(s->reader.in.fd, &status) < 0)
        return fail_system(s->reader.in.name, "cannot read");
    if (!S_ISREG(status.st_mode))
        return fail("%s: is not a regular file, wanted one for --shuffle: it is read in another order",
                    s->reader.in.name);
    struct order order = {.items = {.used = 0}};
    const int result = run(s, &order);
    release(&order.items);
    release(&order.ids);
    release(&order.text);
    return result;
}
