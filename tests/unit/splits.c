/* SPDX-License-Identifier: MIT */
/* The sum over splits is that of one binary tree, bit by bit; and each split has items of one part of the data. */
#include "base/error.h"
#include "test.h"
#include "train/feed.h"
#include "train/splits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 20000  /* more than one task */
#define FIRST 17001 /* the end of a range */

/* A number of a split's gradient: of very different sizes, so that the order of a sum shows. */
static float number(size_t split, size_t i) {
    static const float sizes[] = {1, 3e4f, 7e-4f, 9e6f};
    return sizes[(split * 7 + i) % 4] * (float)((int)((split * 2654435761u + i * 40503u) % 2001) - 1000);
}

/* The sum of splits [first, end) by the definition. */
static float tree(size_t first, size_t end, size_t i) {
    size_t left = 1;
    if (end - first == 1)
        return number(first, i);
    while (2 * left < end - first)
        left *= 2;
    return tree(first, first + left, i) + tree(first + left, end, i);
}

static void the_sum_is_that_of_the_tree(void) {
    float *sum = calloc(SIZE, sizeof *sum);
    struct workers *workers = workers_start(2);
    for (size_t count = 1; count <= 17; count++) {
        struct splits splits;
        size_t differ = 0, in_order = 0;
        EXPECT(splits_start(&splits, count, workers, sum, SIZE) == 0, "%s", error_message());
        for (size_t split = 0; split < count; split++) {
            for (size_t i = 0; i < SIZE; i++)
                sum[i] = number(split, i);
            splits_add(&splits, split, 0, FIRST);
            splits_add(&splits, split, FIRST, SIZE - FIRST);
        }
        for (size_t i = 0; i < SIZE; i++) {
            float one_by_one = 0;
            for (size_t split = 0; split < count; split++)
                one_by_one += number(split, i);
            differ += sum[i] != tree(0, count, i);
            in_order += sum[i] == one_by_one;
        }
        EXPECT(differ == 0, "%zu splits: %zu numbers differ", count, differ);
        EXPECT((in_order == SIZE) == (count <= 3), "%zu splits: %zu numbers as summed one by one", count, in_order);
        splits_end(&splits);
    }
    workers_stop(workers);
    free(sum);
}

static void the_splits_are_all_items_in_order(void) {
    struct splits splits = {.count = 8};
    for (size_t items = 0; items < 40; items++) {
        EXPECT(splits_first(&splits, items, 0) == 0 && splits_first(&splits, items, 8) == items, "%zu items",
               items);
        for (size_t split = 0; split < 8; split++) {
            const size_t n = splits_first(&splits, items, split + 1) - splits_first(&splits, items, split);
            EXPECT(n == items / 8 || n == (items + 7) / 8, "split %zu of %zu items has %zu", split, items, n);
        }
    }
}

/* Data of PARTS parts with 11 items each, in mini-batches of 4 items of each part. */
static void mini_batches_have_as_many_items_of_each_part(void) {
    enum { PARTS = 3, EACH = 11, BATCH = 12, ITEMS = PARTS * EACH };
    struct dataset part[PARTS] = {{0}}, set = {.items = ITEMS, .part = part, .parts = PARTS};
    struct feed feed = {.data = &set, .batch = BATCH, .seed = 5};
    const struct splits splits = {.count = PARTS};
    size_t first_order[ITEMS], moved = 0, alike = 0;
    EXPECT(feed_start(&feed) == 0, "%s", error_message());
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        bool seen[ITEMS] = {false};
        EXPECT(feed_begin(&feed, epoch) == 0, "%s", error_message());
        for (size_t position = 0; position < ITEMS; position += BATCH) {
            const size_t items = ITEMS - position < BATCH ? ITEMS - position : BATCH;
            for (size_t split = 0; split < PARTS; split++)
                for (size_t i = splits_first(&splits, items, split); i < splits_first(&splits, items, split + 1);
                     i++) {
                    const size_t place = feed_place(&feed, position + i);
                    EXPECT(place / EACH == split && !seen[place], "epoch %d, position %zu: item %zu in split %zu",
                           (int)epoch, position + i, place, split);
                    seen[place] = true;
                }
        }
        for (size_t position = 0; position < ITEMS; position++) {
            const size_t place = feed_place(&feed, position);
            EXPECT(seen[position], "epoch %d: item %zu is left out", (int)epoch, position);
            moved += epoch == 2 && place != first_order[position];
            alike += epoch == 2 && position % BATCH < 4 && position + 4 < ITEMS &&
                     place % EACH == feed_place(&feed, position + 4) % EACH;
            first_order[position] = place;
        }
    }
    EXPECT(moved > ITEMS / 2, "the second epoch has moved %zu items", moved);
    EXPECT(alike < 8, "two parts have %zu items in the same order", alike);
    feed_end(&feed);
}

/* How often each page was wanted ahead. This function stands for that of the C library. */
#define PAGES 203 /* an item each, behind the page of the header */
static unsigned wanted[PAGES + 1];
static unsigned char *pages;

int madvise(void *at, size_t size, int advice) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), first = (size_t)((unsigned char *)at - pages);
    EXPECT(advice == MADV_WILLNEED && first % page == 0, "advice %d from byte %zu on", advice, first);
    for (size_t i = first / page; i < (first + size + page - 1) / page; i++)
        wanted[i]++;
    return 0;
}

/* Each item of a mapped file is wanted once, before the step that takes it. */
static void mapped_items_are_read_ahead(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), batch = 10;
    pages = aligned_alloc(page, (PAGES + 1) * page);
    /* An item begins behind the header, so that it has a part of two pages. */
    const struct dataset data = {.name = "items",
                                 .items = PAGES,
                                 .item_bytes = page,
                                 .data = pages + 64,
                                 .owned = pages,
                                 .mapped = (PAGES + 1) * page};
    struct feed feed = {.data = &data, .seed = 3};
    EXPECT(feed_start(&feed) == 0 && feed_begin(&feed, 1) == 0, "%s", error_message());
    for (size_t position = 0; position < PAGES; position += batch) {
        feed_read_ahead(&feed, position, batch);
        for (size_t i = position; i < position + batch && i < PAGES; i++) {
            const size_t place = feed_place(&feed, i);
            EXPECT(wanted[place] > 0 && wanted[place + 1] > 0, "item %zu was not read ahead", place);
        }
    }
    for (size_t i = 0; i <= PAGES; i++)
        EXPECT(wanted[i] == (i == 0 || i == PAGES ? 1u : 2u), "page %zu: wanted %u times", i, wanted[i]);
    feed_end(&feed);
    free(pages);
}

int main(void) {
    static const struct test tests[] = {
        {"the sum is that of the tree", the_sum_is_that_of_the_tree},
        {"the splits are all items, in order", the_splits_are_all_items_in_order},
        {"mini-batches have as many items of each part", mini_batches_have_as_many_items_of_each_part},
        {"mapped items are read ahead, once", mapped_items_are_read_ahead},
    };
    return RUN(tests);
}
