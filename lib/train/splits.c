/* SPDX-License-Identifier: MIT */
#include "train/splits.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/ranks.h"
#include "kernel/math_kernel.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS ((size_t)16384) /* of one task */

bool splits_fit_ranks(size_t count, size_t ranks) {
    const size_t each = count / ranks;
    return ranks == 1 || (count % ranks == 0 && (each & (each - 1)) == 0);
}

/* Allocates the sums that wait for others. False if memory runs out. */
static bool allocate(struct splits *s) {
    s->partial = calloc(s->depth + 1, sizeof *s->partial);
    bool there = s->partial != NULL;
    for (size_t i = 0; there && i < s->depth; i++)
        there = (s->partial[i] = memory_allocate(s->size * sizeof *s->sum)) != NULL;
    return there;
}

int splits_start(struct splits *s, size_t count, struct workers *workers, float *sum, size_t size) {
    const size_t each = count / ranks_count();
    *s = (struct splits){.count = count,
                         .first = ranks_self() * each,
                         .end = (ranks_self() + 1) * each,
                         .workers = workers,
                         .sum = sum,
                         .size = size};
    while (each > (size_t)1 << s->depth)
        s->depth++;
    return allocate(s) ? 0 : fail("training: out of memory for the gradients of %zu splits", count);
}

void splits_end(struct splits *s) {
    for (size_t i = 0; s->partial != NULL && i < s->depth; i++)
        free(s->partial[i]);
    free(s->partial);
    s->partial = NULL;
}

size_t splits_first(const struct splits *s, size_t items, size_t split) {
    return items * split / s->count;
}

/* A range of the numbers, for the tasks. */
struct merge {
    float *sum, *partial;
    size_t size;
};

static void add_range(void *context, size_t i) {
    const struct merge *m = context;
    const size_t first = i * NUMBERS;
    math_kernel()->add(m->sum + first, m->partial + first, smaller(NUMBERS, m->size - first));
}

static void keep_range(void *context, size_t i) {
    const struct merge *m = context;
    const size_t first = i * NUMBERS;
    memcpy(m->partial + first, m->sum + first, smaller(NUMBERS, m->size - first) * sizeof *m->partial);
}

/* There is one partial sum for each bit that is 1 in the number of splits before, as in a binary counter. */
void splits_add(struct splits *s, size_t split, size_t first, size_t size) {
    const size_t before = split - s->first, tasks = divide_up(size, NUMBERS);
    size_t waiting = (size_t)__builtin_popcountll(before);
    const bool last = split + 1 == s->end;
    struct merge merge = {.sum = s->sum + first, .size = size};
    for (size_t rest = before; waiting > 0 && (last || (rest & 1) == 1); rest >>= 1) {
        merge.partial = s->partial[--waiting] + first;
        workers_run(s->workers, tasks, add_range, &merge);
    }
    if (last)
        return;
    merge.partial = s->partial[waiting] + first;
    workers_run(s->workers, tasks, keep_range, &merge);
}
