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

/* Allocates the sums that wait for others, and the pieces. False if memory runs out. */
static bool allocate(struct splits *s) {
    const size_t ranks = ranks_count(), piece = divide_up(s->size, ranks);
    s->partial = calloc(s->depth + 1, sizeof *s->partial);
    bool there = s->partial != NULL;
    for (size_t i = 0; there && i < s->depth; i++)
        there = (s->partial[i] = memory_allocate(s->size * sizeof *s->sum)) != NULL;
    if (there && ranks > 1)
        there = (s->pieces = memory_allocate(ranks * piece * sizeof *s->pieces)) != NULL;
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
    free(s->pieces);
    s->partial = NULL;
    s->pieces = NULL;
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
    const size_t before = split - s->first;
    size_t waiting = (size_t)__builtin_popcountll(before);
    const bool last = split + 1 == s->end;
    for (size_t rest = before; waiting > 0 && (last || (rest & 1) == 1); rest >>= 1)
        run(s, add_range, s->partial[--waiting]);
    if (!last)
        run(s, keep_range, s->partial[waiting]);
}

/* The pieces of this rank, [ranks][size], and where their sum goes. */
struct pieces {
    float *piece, *sum;
    size_t size;
};

/* Adds the numbers [first, first + n) of `count` pieces to those of the first one, in the order of the tree. */
static void add_pieces(const struct pieces *p, size_t number, size_t count, size_t first, size_t n) {
    size_t half = 1;
    if (count == 1)
        return;
    while (2 * half < count)
        half *= 2;
    add_pieces(p, number, half, first, n);
    add_pieces(p, number + half, count - half, first, n);
    math_kernel()->add(p->piece + number * p->size + first, p->piece + (number + half) * p->size + first, n);
}

static void add_range_of_pieces(void *context, size_t i) {
    const struct pieces *p = context;
    const size_t first = i * NUMBERS, n = smaller(NUMBERS, p->size - first);
    add_pieces(p, 0, ranks_count(), first, n);
    memcpy(p->sum + first, p->piece + first, n * sizeof *p->sum);
}

void splits_add_ranks(struct splits *s) {
    const size_t first = ranks_piece(s->size, ranks_self()), end = ranks_piece(s->size, ranks_self() + 1);
    struct pieces pieces = {.piece = s->pieces, .sum = s->sum + first, .size = end - first};
    if (s->pieces == NULL)
        return;
    ranks_scatter_pieces(s->sum, s->size, s->pieces);
    workers_run(s->workers, divide_up(pieces.size, NUMBERS), add_range_of_pieces, &pieces);
    ranks_gather_pieces(s->sum, s->size);
}
