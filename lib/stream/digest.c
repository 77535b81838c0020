/* SPDX-License-Identifier: MIT */
#include "stream/digest.h"

#include "base/number.h"
#include "base/thread.h"

#include <xxhash.h>

#define CHUNK ((size_t)16 << 20) /* bytes between two looks whether the digest is still wanted */

static void compute_by_chunks(struct digest *d, XXH64_state_t *state) {
    const size_t bytes = d->set->items * d->set->item_bytes;
    XXH64_reset(state, 0);
    for (size_t at = 0; at < bytes && !atomic_load(&d->stopped); at += CHUNK)
        XXH64_update(state, d->set->data + at, smaller(CHUNK, bytes - at));
    d->xxh64 = XXH64_digest(state);
}

static void compute(struct digest *d) {
    XXH64_state_t *state = XXH64_createState();
    if (state == NULL)
        d->xxh64 = dataset_digest(d->set);
    else
        compute_by_chunks(d, state);
    XXH64_freeState(state);
    atomic_store(&d->done, true);
}

static void *run(void *context) {
    compute(context);
    return NULL;
}

void digest_start(struct digest *d, const struct dataset *set) {
    *d = (struct digest){.set = set};
    d->is_running = set->mapped > 0 && thread_start(&d->thread, run, d) == 0;
    if (!d->is_running)
        compute(d);
}

bool digest_is_done(const struct digest *d) {
    return atomic_load(&d->done);
}

uint64_t digest_wait(struct digest *d) {
    if (d->is_running)
        pthread_join(d->thread, NULL);
    d->is_running = false;
    return d->xxh64;
}

void digest_stop(struct digest *d) {
    atomic_store(&d->stopped, true);
    (void)digest_wait(d);
}
