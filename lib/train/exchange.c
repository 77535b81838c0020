/* SPDX-License-Identifier: MIT */
#include "train/exchange.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/ranks.h"
#include "base/thread.h"
#include "kernel/math_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Adds `count` pieces of `size` numbers, one after another, to the first one, in the order of the tree. */
static void add_pieces(float *pieces, size_t count, size_t size) {
    size_t half = 1;
    if (count == 1)
        return;
    while (2 * half < count)
        half *= 2;
    add_pieces(pieces, half, size);
    add_pieces(pieces + half * size, count - half, size);
    math_kernel()->add(pieces, pieces + half * size, size);
}

static void add_ranks(const struct exchange *e, const struct exchange_range *range) {
    const size_t first = ranks_piece(range->size, ranks_self()),
                 size = ranks_piece(range->size, ranks_self() + 1) - first;
    float *sum = e->sum + range->first;
    ranks_scatter_pieces(sum, range->size, e->pieces);
    add_pieces(e->pieces, ranks_count(), size);
    memcpy(sum + first, e->pieces, size * sizeof *sum);
    ranks_gather_pieces(sum, range->size);
}

static void *run(void *context) {
    struct exchange *e = context;
    pthread_mutex_lock(&e->lock);
    for (;;) {
        while (e->done == e->begun && !e->ends)
            pthread_cond_wait(&e->changed, &e->lock);
        if (e->done == e->begun)
            break;
        const struct exchange_range range = e->range[e->done];
        pthread_mutex_unlock(&e->lock);
        add_ranks(e, &range);
        pthread_mutex_lock(&e->lock);
        e->done++;
        pthread_cond_broadcast(&e->changed);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

int exchange_start(struct exchange *e, float *sum, size_t ranges, size_t largest) {
    const size_t ranks = ranks_count();
    *e = (struct exchange){.sum = sum};
    if (ranks == 1)
        return 0;
    e->range = calloc(ranges, sizeof *e->range);
    e->pieces = memory_allocate(ranks * divide_up(largest, ranks) * sizeof *e->pieces);
    if (e->range == NULL || e->pieces == NULL)
        return fail("training: out of memory for the gradients of %zu ranks", ranks);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    errno = thread_start(&e->thread, run, e);
    e->started = errno == 0;
    return e->started ? 0 : fail_system("training", "cannot start a thread for the other ranks' gradients");
}

static void change(struct exchange *e, size_t begun, bool ends) {
    pthread_mutex_lock(&e->lock);
    e->begun = begun;
    e->ends = ends;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

void exchange_begin(struct exchange *e, size_t first, size_t size) {
    if (!e->started)
        return;
    e->range[e->begun] = (struct exchange_range){first, size};
    change(e, e->begun + 1, false);
}

void exchange_finish(struct exchange *e) {
    if (!e->started)
        return;
    pthread_mutex_lock(&e->lock);
    while (e->done < e->begun)
        pthread_cond_wait(&e->changed, &e->lock);
    e->begun = e->done = 0;
    pthread_mutex_unlock(&e->lock);
}

void exchange_end(struct exchange *e) {
    if (e->started) {
        change(e, e->begun, true);
        pthread_join(e->thread, NULL);
        pthread_mutex_destroy(&e->lock);
        pthread_cond_destroy(&e->changed);
    }
    free(e->range);
    free(e->pieces);
    *e = (struct exchange){0};
}
