/* SPDX-License-Identifier: MIT */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Memory of `bytes` bytes, which begins a cache line; NULL if there is none, without a message. Large
 * amounts come in the largest pages that the system gives: they cost fewer faults when first touched and fewer
 * misses of the processor's table of pages. End with free. */
void *memory_allocate(size_t bytes);

/* Memory that grows with what arrives: `memory`, which has `before` bytes (NULL and 0: none yet), becomes `bytes`
 * large. What is in it is moved, not copied; what is new is 0, and takes no memory until it is written to. NULL
 * if there is none, without a message; the old one stands then. End with memory_release. */
void *memory_resize(void *memory, size_t before, size_t bytes);

void memory_release(void *memory, size_t bytes);

/* Room for one more element at the end of an array of `count` elements of `size` bytes each, which has only grown
 * by this function (NULL and 0: none yet). Returns the array, which may have moved; NULL if there is no memory,
 * without a message; the old one stands then. End with free. */
void *memory_grow(void *array, size_t count, size_t size);

/* Whether `bytes` bytes could be allocated now, within the limits of the process and of the system. Nothing stays
 * allocated. */
bool memory_is_there(size_t bytes);

/* Says that these bytes will be wanted soon, so that they are fetched at the same time instead of one after the
 * other: worth it if another processor's cache has them, or none. */
void memory_expect(const void *memory, size_t bytes);

/* malloc for a library that cannot stand its failure: if there is no memory the process ends with exit status 1
 * and a message, as at a signal. */
void *memory_always(size_t size);

#endif
