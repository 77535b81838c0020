/* SPDX-License-Identifier: MIT */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stddef.h>

/* A pool of threads that share numbered tasks. The caller works too. A thread without a task spins for 100
 * microseconds, since the next tasks usually follow at once, and then sleeps, since other processes need the
 * machine. Sleeping threads are woken until one thread per processor is awake, and at least two threads. */
struct workers;

/* Starts a pool of `threads` threads, including the caller's (1 starts no thread). All of them treat denormal
 * numbers as 0, see base/denormals.h. NULL on error. End with workers_stop. */
struct workers *workers_start(size_t threads);

/* Runs task(context, i) once for each i in [0, tasks), tasks < 2^32, in any order, on any thread; returns when all
 * are done. A result may depend on i, but not on the thread. Each thread begins with the same range of numbers in
 * every call, so that its processor's cache still has the data of those tasks. */
void workers_run(struct workers *workers, size_t tasks, void (*task)(void *context, size_t i), void *context);

/* workers_run in two halves: between them the caller does something else while the other threads work. Begin the
 * next tasks only after workers_finish; `task` and `context` must last until then. */
void workers_begin(struct workers *workers, size_t tasks, void (*task)(void *context, size_t i), void *context);
void workers_finish(struct workers *workers);

void workers_stop(struct workers *workers);

/* The number of the calling thread in [0, threads); the thread that started the pool is number 0. */
size_t workers_self(void);

/* The number of threads of the pool, including the caller's. */
size_t workers_threads(const struct workers *workers);

/* The number of processors that this process may use; of several ranks on a machine, each has its part of them. */
size_t workers_available(void);

/* Bytes of address space that each thread reserves, few of which are ever written: its stack or, if OpenBLAS
 * computes the products, OpenBLAS's buffer for the thread. */
size_t workers_bytes(void);
#define WORKERS_MAX 256 /* threads of a pool: OpenBLAS has that many buffers */

/* The number of threads that there is memory for now, at most `wanted`; may be 0. */
size_t workers_affordable(size_t wanted);

#endif
