/* SPDX-License-Identifier: MIT */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Allocates `bytes` bytes that start at a cache line. NULL, without a message, if there is not enough memory. Large
 * amounts use huge pages if the system gives them: these cost fewer page faults at first use and fewer TLB misses.
 * Release with free. */
void *memory_allocate(size_t bytes);

/* Resizes `memory` from `before` to `bytes` bytes; NULL and 0 allocate it. The contents are moved without a copy.
 * New bytes are 0, and take no memory until they are written to. NULL, without a message, if there is not enough
 * memory; the old memory is then unchanged. Release with memory_release. */
void *memory_resize(void *memory, size_t before, size_t bytes);

/* Releases the `bytes` bytes of memory_resize. Does nothing if `memory` is NULL. */
void memory_release(void *memory, size_t bytes);

/* Makes room for one more element at the end of an array of `count` elements of `size` bytes each, which has only
 * grown by this function; NULL and 0 allocate it. Returns the array, which may have moved; NULL, without a message,
 * if there is not enough memory; the old array is then unchanged. Release with free. */
void *memory_grow(void *array, size_t count, size_t size);

/* True if `bytes` bytes could be allocated now, within the limits of the process and of the system. They are not
 * kept allocated. */
bool memory_is_there(size_t bytes);

/* Prefetches bytes that will be used soon, so that their cache misses overlap. This pays if the bytes are in no
 * cache, or in that of another processor. */
void memory_expect(const void *memory, size_t bytes);

/* Returns the most bytes of memory that the process has used so far. */
double memory_peak(void);

#endif
