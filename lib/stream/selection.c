/* SPDX-License-Identifier: MIT */
#include "stream/selection.h"

#include "base/error.h"
#include "base/noise.h"

#include <inttypes.h>
#include <string.h>

#define LABELS 1024 /* labels at a time */
#define DRAWS 1024  /* random numbers at a time; another number gives other choices */

int selection_open(struct selection *s) {
    return labels_open(&s->reader, s->labels, LABELS_MAX_CLASSES);
}

void selection_close(struct selection *s) {
    labels_close(&s->reader);
}

bool selection_is_done(const struct selection *s) {
    return s->chosen >= s->count;
}

/* Leaves out the items that have another label. */
static int keep_class(struct selection *s, size_t n, unsigned char *side, const char *stream) {
    uint32_t label[LABELS];
    for (size_t done = 0; s->labels != NULL && done < n;) {
        const size_t some = n - done < LABELS ? n - done : LABELS;
        if (labels_next(&s->reader, label, some, stream) < 0)
            return -1;
        for (size_t i = 0; i < some; i++) {
            s->of_class += label[i] == s->class;
            if (label[i] != s->class)
                side[done + i] = SIDE_NONE;
        }
        done += some;
    }
    return 0;
}

/* Chooses among items with probability `fraction`. A draw depends on the seed and on the item's number alone, so
 * streams of the same length are divided alike, as items and their labels. Draws are made by blocks of numbers. */
static void draw(const struct selection *s, uint64_t first, size_t n, unsigned char *side) {
    float u[DRAWS];
    for (size_t i = 0; i < n;) {
        const uint64_t block = (first + i) / DRAWS;
        const size_t before = (size_t)((first + i) % DRAWS),
                     after = n - i < DRAWS - before ? n - i : DRAWS - before;
        noise_uniform(u, before + after, (struct noise){.seed = s->seed, .purpose = PURPOSE_SPLIT, .item = block});
        for (size_t j = before; j < before + after; j++, i++)
            if (side[i] == SIDE_CHOSEN && !((double)u[j] < s->fraction))
                side[i] = SIDE_REST;
    }
}

static bool is_wanted(struct selection *s, uint64_t item) {
    return item >= s->skip && (s->stride == 1 || (item - s->skip) % s->stride == 0) &&
           (s->items.count == 0 || number_list_has(&s->items, item, &s->at));
}

int selection_choose(struct selection *s, uint64_t first, size_t n, unsigned char *side, const char *stream) {
    memset(side, SIDE_NONE, n);
    if (selection_is_done(s))
        return 0;
    for (size_t i = 0; i < n; i++)
        side[i] = is_wanted(s, first + i) ? SIDE_CHOSEN : SIDE_NONE;
    if (keep_class(s, n, side, stream) < 0)
        return -1;
    if (s->fraction < 1)
        draw(s, first, n, side);
    for (size_t i = 0; i < n; i++) {
        if (side[i] == SIDE_CHOSEN && selection_is_done(s))
            side[i] = SIDE_NONE;
        s->chosen += side[i] == SIDE_CHOSEN;
    }
    return 0;
}

int selection_finish(struct selection *s, uint64_t items, const char *stream) {
    if (labels_finish(&s->reader, stream) < 0)
        return -1;
    if (s->skip > items)
        return fail("%s: holds %" PRIu64 " items, wanted at least the %" PRIu64 " of --skip", stream, items,
                    s->skip);
    if (s->items.count > 0 && number_list_last(&s->items) >= items)
        return fail("%s: holds %" PRIu64 " items, numbered from 0, wanted item %" PRIu64 " of --items", stream,
                    items, number_list_last(&s->items));
    if (s->count != UINT64_MAX && s->chosen < s->count)
        return fail("%s: %" PRIu64 " items are chosen at its end, wanted the %" PRIu64 " of --count", stream,
                    s->chosen, s->count);
    return 0;
}
