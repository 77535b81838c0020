#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stddef.h>

/* A pool of threads that share out numbered tasks. The caller works too. An idle worker spins for some
 * microseconds, since the next tasks usually follow at once, and then sleeps, since others need the machine. */
struct workers;

/* A pool of `threads` in all, the caller's included (1 starts none), which all take denormal numbers for 0, see
 * base/denormals.h. NULL on error. */
struct workers *workers_start(size_t threads);

/* Runs task(context, i) once for each i in [0, tasks) < 2^32, in any order, on any thread; returns when all are
 * done. A result may depend on i, never on who ran it. Where it can be had, though, the same part of the numbers
 * goes to the same thread each time, whose processor then has in its cache what those tasks worked on before. */
void workers_run(struct workers *workers, size_t tasks, void (*task)(void *context, size_t i), void *context);

/* The same in two halves, between which the caller does something else while the other threads work: one job at a
 * time. `task` and `context` must last until workers_finish. */
void workers_begin(struct workers *workers, size_t tasks, void (*task)(void *context, size_t i), void *context);
void workers_finish(struct workers *workers);

void workers_stop(struct workers *workers);

/* The number of the thread that runs a task, from 0 on: the one that started the pool has 0. */
size_t workers_self(void);

/* How many threads it has, the caller's included. */
size_t workers_threads(const struct workers *workers);

/* How many processors this process may use. */
size_t workers_available(void);

/* Bytes of addresses that each thread takes: its stack or, if OpenBLAS makes the products, the buffer that it has for
 * each thread, little of which is ever written. */
size_t workers_bytes(void);
#define WORKERS_MAX 256 /* OpenBLAS has that many buffers */

/* How many threads there is memory for now, up to `wanted`; may be 0. */
size_t workers_affordable(size_t wanted);

#endif
