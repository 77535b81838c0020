#define _GNU_SOURCE
#include "base/workers.h"

#include "base/error.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SPINS 2000

/* A task is claimed by counting `unclaimed` down, so what is claimed always belongs to the job of the moment:
 * a worker that sleeps through a whole job is not waited for. */
struct workers {
    size_t threads;
    pthread_t *thread;
    void (*task)(void *context, size_t i);
    void *context;
    size_t tasks;
    atomic_size_t unclaimed, done;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    size_t asleep; /* under the mutex */
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Runs tasks until none is left to claim. */
static void help(struct workers *w) {
    size_t left = atomic_load_explicit(&w->unclaimed, memory_order_acquire);
    while (left > 0) {
        if (!atomic_compare_exchange_weak_explicit(&w->unclaimed, &left, left - 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        const size_t tasks = w->tasks;
        w->task(w->context, left - 1);
        if (atomic_fetch_add(&w->done, 1) + 1 == tasks) {
            pthread_mutex_lock(&w->mutex);
            pthread_cond_signal(&w->finished);
            pthread_mutex_unlock(&w->mutex);
        }
        left = atomic_load_explicit(&w->unclaimed, memory_order_acquire);
    }
}

static bool has_work(struct workers *w) {
    return atomic_load(&w->unclaimed) > 0 || atomic_load(&w->stopping);
}

static void *work(void *argument) {
    struct workers *w = argument;
    while (!atomic_load(&w->stopping)) {
        help(w);
        for (int spin = 0; spin < SPINS && !has_work(w); spin++)
            relax();
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

/* Signals are the main thread's, but for those that a thread's own access to memory sends it. */
static int start_threads(struct workers *w) {
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    size_t started = 1;
    int reason = 0;
    while (started < w->threads && (reason = pthread_create(&w->thread[started - 1], NULL, work, w)) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (reason != 0) {
        fail("threads: cannot start number %zu of %zu: %s", started + 1, w->threads, strerror(reason));
        w->threads = started;
        return -1;
    }
    return 0;
}

struct workers *workers_start(size_t threads) {
    struct workers *w = calloc(1, sizeof *w);
    if (w != NULL)
        w->thread = calloc(threads, sizeof *w->thread);
    if (w == NULL || w->thread == NULL) {
        free(w);
        fail("threads: out of memory");
        return NULL;
    }
    w->threads = threads;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->finished, NULL);
    if (start_threads(w) < 0) {
        workers_stop(w);
        return NULL;
    }
    return w;
}

void workers_run(struct workers *w, size_t tasks, void (*task)(void *context, size_t i), void *context) {
    if (w->threads == 1 || tasks <= 1) {
        for (size_t i = 0; i < tasks; i++)
            task(context, i);
        return;
    }
    w->task = task;
    w->context = context;
    w->tasks = tasks;
    atomic_store(&w->done, 0);
    pthread_mutex_lock(&w->mutex);
    atomic_store_explicit(&w->unclaimed, tasks, memory_order_release);
    if (w->asleep > 0)
        pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->mutex);
    help(w);
    for (int spin = 0; spin < SPINS && atomic_load(&w->done) < tasks; spin++)
        relax();
    pthread_mutex_lock(&w->mutex);
    while (atomic_load(&w->done) < tasks)
        pthread_cond_wait(&w->finished, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
}

void workers_stop(struct workers *w) {
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    atomic_store(&w->stopping, true);
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->mutex);
    for (size_t i = 0; i + 1 < w->threads; i++)
        pthread_join(w->thread[i], NULL);
    pthread_cond_destroy(&w->finished);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->mutex);
    free(w->thread);
    free(w);
}

size_t workers_available(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (size_t)CPU_COUNT(&set);
}
