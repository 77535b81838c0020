/* SPDX-License-Identifier: MIT */
#include "stream/digest.h"

#include "base/number.h"
#include "base/thread.h"

#include <xxhash.h>

#define CHUNK ((size_t)16 << 20) /* bytes between two looks whether the digest is still wanted */

static void set(struct digest *d, size_t items, uint64_t xxh64) {
    pthread_mutex_lock(&d->mutex);
    d->so_far = (struct items_read){items, xxh64};
    pthread_mutex_unlock(&d->mutex);
}

static void compute_by_chunks(struct digest *d, XXH64_state_t *state) {
    const struct dataset *data = d->set;
    const size_t each = larger(CHUNK / data->item_bytes, 1);
    XXH64_reset(state, 0);
    for (size_t first = 0; first < data->items && !atomic_load(&d->stopped); first += each) {
        const size_t items = smaller(each, data->items - first);
        XXH64_update(state, dataset_item(data, first), items * data->item_bytes);
        set(d, first + items, XXH64_digest(state));
    }
}

static void compute(struct digest *d) {
    XXH64_state_t *state = XXH64_createState();
    if (state == NULL)
        set(d, d->set->items, dataset_digest(d->set));
    else
        compute_by_chunks(d, state);
    XXH64_freeState(state);
}

static void *run(void *context) {
    compute(context);
    return NULL;
}

void digest_start(struct digest *d, const struct dataset *set) {
    *d = (struct digest){.set = set, .mutex = PTHREAD_MUTEX_INITIALIZER};
    d->is_running = set->mapped > 0 && thread_start(&d->thread, run, d) == 0;
    if (!d->is_running)
        compute(d);
}

struct items_read digest_so_far(struct digest *d) {
    pthread_mutex_lock(&d->mutex);
    const struct items_read so_far = d->so_far;
    pthread_mutex_unlock(&d->mutex);
    return so_far;
}

void digest_wait(struct digest *d) {
    if (d->is_running)
        pthread_join(d->thread, NULL);
    d->is_running = false;
}

void digest_stop(struct digest *d) {
    atomic_store(&d->stopped, true);
    digest_wait(d);
}
