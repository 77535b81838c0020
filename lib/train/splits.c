/* SPDX-License-Identifier: MIT */
#include "train/splits.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/math_kernel.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS ((size_t)16384) /* of one task */

int splits_start(struct splits *s, size_t count, struct workers *workers, float *sum, size_t size) {
    *s = (struct splits){.count = count, .workers = workers, .sum = sum, .size = size};
    while (count > (size_t)1 << s->depth)
        s->depth++;
    s->partial = calloc(s->depth + 1, sizeof *s->partial);
    for (size_t i = 0; s->partial != NULL && i < s->depth; i++)
        if ((s->partial[i] = memory_allocate(size * sizeof *sum)) == NULL)
            return fail("training: out of memory for the gradients of %zu splits", count);
    return s->partial == NULL ? fail("training: out of memory for the gradients of %zu splits", count) : 0;
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

/* The arguments of the tasks. */
struct merge {
    const struct splits *splits;
    float *partial;
};

static void add_range(void *context, size_t i) {
    const struct merge *m = context;
    const size_t first = i * NUMBERS, n = smaller(NUMBERS, m->splits->size - first);
    math_kernel()->add(m->splits->sum + first, m->partial + first, n);
}

static void keep_range(void *context, size_t i) {
    const struct merge *m = context;
    const size_t first = i * NUMBERS, n = smaller(NUMBERS, m->splits->size - first);
    memcpy(m->partial + first, m->splits->sum + first, n * sizeof *m->partial);
}

static void run(const struct splits *s, void (*task)(void *context, size_t i), float *partial) {
    struct merge merge = {s, partial};
    workers_run(s->workers, divide_up(s->size, NUMBERS), task, &merge);
}

/* There is one partial sum for each bit that is 1 in the number of splits before, as in a binary counter. */
void splits_add(struct splits *s, size_t split) {
    size_t waiting = (size_t)__builtin_popcountll(split);
    const bool last = split + 1 == s->count;
    for (size_t rest = split; waiting > 0 && (last || (rest & 1) == 1); rest >>= 1)
        run(s, add_range, s->partial[--waiting]);
    if (!last)
        run(s, keep_range, s->partial[waiting]);
}
