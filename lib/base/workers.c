/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/workers.h"

#include "base/denormals.h"
#include "base/error.h"
#include "base/level.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/ranks.h"
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SPIN_NANOSECONDS 100000 /* about as long as it takes to put a thread to sleep and to wake it */
#define SPINS 64                /* between two readings of the clock */
#define OPENBLAS_BYTES (((size_t)128 << 20) + 4096) /* of OpenBLAS's buffer for a thread */

/* Tasks [begin, end) that one thread takes first. Both numbers are packed in one word, so that they change
 * together. A word has a cache line of its own. */
struct range {
    _Alignas(64) _Atomic uint64_t word;
};

/* A task that is claimed always belongs to the current job. No job waits for a worker that sleeps. */
struct workers {
    size_t threads, started; /* including the caller */
    size_t awake_most;       /* threads that may be awake: one per processor, and at least two */
    pthread_t *thread;
    struct range *range; /* [threads]; the first one is the caller's */
    void (*task)(void *context, size_t i);
    void *context;
    size_t tasks;
    atomic_size_t joined, done;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    size_t asleep; /* under the mutex */
};

static _Thread_local size_t thread_number; /* see workers_self */

static inline uint64_t pack(size_t begin, size_t end) {
    return (uint64_t)end << 32 | (uint64_t)begin;
}

/* A range's owner takes its tasks from the front, others from the back. False if none is left. */
static bool claim(struct range *range, bool own, size_t *task) {
    uint64_t word = atomic_load_explicit(&range->word, memory_order_acquire);
    for (;;) {
        const size_t begin = (uint32_t)word, end = (size_t)(word >> 32);
        if (begin == end)
            return false;
        *task = own ? begin : end - 1;
        if (atomic_compare_exchange_weak_explicit(&range->word, &word,
                                                  own ? pack(begin + 1, end) : pack(begin, end - 1),
                                                  memory_order_acq_rel, memory_order_acquire))
            return true;
    }
}

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void run_one(struct workers *w, size_t task) {
    const size_t tasks = w->tasks;
    w->task(w->context, task);
    if (atomic_fetch_add(&w->done, 1) + 1 == tasks) {
        pthread_mutex_lock(&w->mutex);
        pthread_cond_signal(&w->finished);
        pthread_mutex_unlock(&w->mutex);
    }
}

/* Runs tasks until none is left to claim: thread `self` its own first, then the others'. */
static void help(struct workers *w, size_t self) {
    size_t task;
    for (size_t k = 0; k < w->threads; k++)
        while (claim(&w->range[(self + k) % w->threads], k == 0, &task))
            run_one(w, task);
}

static bool has_work(struct workers *w) {
    for (size_t k = 0; k < w->threads; k++) {
        const uint64_t word = atomic_load(&w->range[k].word);
        if ((uint32_t)word != word >> 32)
            return true;
    }
    return atomic_load(&w->stopping);
}

static bool is_done(struct workers *w) {
    return atomic_load(&w->done) == w->tasks;
}

static uint64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Waits without sleeping, for a short time at most, since the event usually comes at once. */
static void spin(struct workers *w, bool (*came)(struct workers *w)) {
    const uint64_t end = nanoseconds() + SPIN_NANOSECONDS;
    do
        for (int i = 0; i < SPINS; i++) {
            if (came(w))
                return;
            relax();
        }
    while (nanoseconds() < end);
}

static void *work(void *argument) {
    struct workers *w = argument;
    const size_t self = thread_number = atomic_fetch_add(&w->joined, 1);
    while (!atomic_load(&w->stopping)) {
        help(w, self);
        spin(w, has_work);
        pthread_mutex_lock(&w->mutex);
        while (!has_work(w)) {
            w->asleep++;
            pthread_cond_wait(&w->work, &w->mutex);
            w->asleep--;
        }
        pthread_mutex_unlock(&w->mutex);
    }
    return NULL;
}

static int start_threads(struct workers *w) {
    int reason = 0;
    w->started = 1;
    while (w->started < w->threads && (reason = thread_start(&w->thread[w->started - 1], work, w)) == 0)
        w->started++;
    return reason == 0
               ? 0
               : fail("threads: cannot start number %zu of %zu: %s", w->started + 1, w->threads, strerror(reason));
}

static void free_all(struct workers *w) {
    if (w != NULL) {
        free(w->thread);
        free(w->range);
    }
    free(w);
}

struct workers *workers_start(size_t threads) {
    struct workers *w = calloc(1, sizeof *w);
    if (w != NULL) {
        w->thread = calloc(threads, sizeof *w->thread);
        w->range = memory_allocate(threads * sizeof *w->range);
    }
    if (w == NULL || w->thread == NULL || w->range == NULL) {
        free_all(w);
        (void)fail("threads: out of memory");
        return NULL;
    }
    w->threads = threads;
    w->awake_most = workers_available();
    if (w->awake_most < 2)
        w->awake_most = 2;
    w->joined = 1;
    for (size_t k = 0; k < threads; k++)
        atomic_init(&w->range[k].word, 0);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->finished, NULL);
    denormals_flush();
    if (start_threads(w) < 0) {
        workers_stop(w);
        return NULL;
    }
    return w;
}

/* Wakes sleeping threads while fewer than awake_most are awake. The others take the tasks of those that sleep on.
 * Call it with the mutex held. */
static void wake(struct workers *w) {
    for (size_t awake = w->started - w->asleep; awake < w->started && awake < w->awake_most; awake++)
        pthread_cond_signal(&w->work);
}

void workers_begin(struct workers *w, size_t tasks, void (*task)(void *context, size_t i), void *context) {
    w->task = task;
    w->context = context;
    w->tasks = tasks;
    atomic_store(&w->done, 0);
    pthread_mutex_lock(&w->mutex);
    for (size_t k = 0; k < w->threads; k++)
        atomic_store_explicit(&w->range[k].word, pack(tasks * k / w->threads, tasks * (k + 1) / w->threads),
                              memory_order_release);
    wake(w);
    pthread_mutex_unlock(&w->mutex);
}

void workers_finish(struct workers *w) {
    help(w, 0);
    spin(w, is_done);
    pthread_mutex_lock(&w->mutex);
    while (!is_done(w))
        pthread_cond_wait(&w->finished, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
}

void workers_run(struct workers *w, size_t tasks, void (*task)(void *context, size_t i), void *context) {
    if (w->threads == 1 || tasks <= 1) {
        for (size_t i = 0; i < tasks; i++)
            task(context, i);
        return;
    }
    workers_begin(w, tasks, task, context);
    workers_finish(w);
}

void workers_stop(struct workers *w) {
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    atomic_store(&w->stopping, true);
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->mutex);
    for (size_t i = 0; i + 1 < w->started; i++)
        pthread_join(w->thread[i], NULL);
    pthread_cond_destroy(&w->finished);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->mutex);
    free_all(w);
}

size_t workers_self(void) {
    return thread_number;
}

size_t workers_threads(const struct workers *w) {
    return w->threads;
}

size_t workers_available(void) {
    cpu_set_t set;
    const long all = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) < 1)
        return 1;
    const size_t allowed = (size_t)CPU_COUNT(&set), ranks = ranks_here();
    return ranks == 1 || all < 1 ? allowed : smaller(allowed, larger((size_t)all / ranks, 1));
}

size_t workers_bytes(void) {
    return level_backend() == BACKEND_OPENBLAS ? OPENBLAS_BYTES : THREAD_STACK;
}

size_t workers_affordable(size_t wanted) {
    size_t fits = 0;
    while (fits < wanted) {
        const size_t try = fits + (wanted - fits + 1) / 2;
        if (memory_is_there(try * workers_bytes()))
            fits = try;
        else
            wanted = try - 1;
    }
    return fits;
}
