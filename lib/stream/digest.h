/* SPDX-License-Identifier: MIT */
#ifndef STREAM_DIGEST_H
#define STREAM_DIGEST_H

#include "stream/dataset.h"

#include <pthread.h>
#include <stdatomic.h>

/* The XXH64 of a data set. If the file is mapped, and so may not be in memory yet, a thread of its own computes it
 * beside other work. */
struct digest {
    const struct dataset *set; /* not owned */
    uint64_t xxh64;
    pthread_t thread;
    bool is_running;           /* the thread was started, and not joined yet */
    atomic_bool done, stopped; /* done: xxh64 is set; stopped: the thread is to end at once */
};

/* Computes the digest, or starts to. The items must not change until digest_wait or digest_stop. */
void digest_start(struct digest *digest, const struct dataset *set);

/* Returns whether the digest is there. */
bool digest_is_done(const struct digest *digest);

/* Returns the digest, which this waits for. */
uint64_t digest_wait(struct digest *digest);

/* Gives the digest up. Does nothing if it was not started. */
void digest_stop(struct digest *digest);

#endif
