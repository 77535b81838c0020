/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_EXCHANGE_H
#define TRAIN_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* The sum of the ranks' gradients (base/ranks.h), range by range, on a thread of its own, so that a rank computes
 * the next range meanwhile. Each rank gets a piece of the range from every rank, adds them in the order of the tree
 * of splits.h, and gives the sum to all. With one rank the functions do nothing. */
struct exchange {
    float *sum;    /* [size], the gradient; not owned */
    float *pieces; /* [ranks][largest piece]; owned */
    /* The ranges that were begun since exchange_finish; owned. */
    struct exchange_range {
        size_t first, size;
    } * range;
    size_t begun, done; /* how many of them; guarded by the lock, like the next one */
    bool ends;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool started;
};

/* Prepares for the gradient `sum`, in at most `ranges` ranges of at most `largest` numbers. 0 or -1; end with
 * exchange_end in both cases. */
int exchange_start(struct exchange *exchange, float *sum, size_t ranges, size_t largest)
    __attribute__((warn_unused_result));

/* Begins to add up the numbers [first, first + size) of the gradient, which nobody may touch until
 * exchange_finish. All ranks begin the same ranges in the same order. */
void exchange_begin(struct exchange *exchange, size_t first, size_t size);

/* Waits until every range that was begun is the sum of all ranks. In between, the caller calls no function of
 * base/ranks.h. */
void exchange_finish(struct exchange *exchange);

void exchange_end(struct exchange *exchange);

#endif
