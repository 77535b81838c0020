/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

#define THREAD_STACK ((size_t)1 << 20) /* bytes; the default would be the limit on the main thread's stack */

/* Starts a thread. Signals go to the main thread, except those that the thread's own memory access causes. 0, or an
 * error number. End with pthread_join. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context) __attribute__((warn_unused_result));

#endif
