/* SPDX-License-Identifier: MIT */
/* The sum over splits is that of one binary tree, bit by bit. */
#include "test.h"
#include "train/splits.h"

#include <stdlib.h>
#include <string.h>

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

int main(void) {
    static const struct test tests[] = {
        {"the sum is that of the tree", the_sum_is_that_of_the_tree},
        {"the splits are all items, in order", the_splits_are_all_items_in_order},
    };
    return RUN(tests);
}
