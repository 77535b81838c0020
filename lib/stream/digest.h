/* SPDX-License-Identifier: MIT */
#ifndef STREAM_DIGEST_H
#define STREAM_DIGEST_H

#include "stream/dataset.h"
#include "stream/items_known.h"

#include <pthread.h>
#include <stdatomic.h>

/* The XXH64 of a data set. If the file is mapped, and so may not be in memory yet, a thread of its own computes it
 * chunk by chunk beside other work. */
struct digest {
    const struct dataset *set; /* not owned */
    pthread_mutex_t mutex;
    struct items_read so_far; /* under the mutex */
    pthread_t thread;
    bool is_running;     /* the thread was started, and not joined yet */
    atomic_bool stopped; /* the thread is to end at once */
};

/* Computes the digest, or starts to. The items must not change until digest_wait or digest_stop. */
void digest_start(struct digest *digest, const struct dataset *set);

/* Returns what is there: the digest of the first items, as many as it says. */
struct items_read digest_so_far(struct digest *digest);

/* Waits until it is that of all items. */
void digest_wait(struct digest *digest);

/* Gives the digest up. Does nothing if it was not started. */
void digest_stop(struct digest *digest);

#endif
