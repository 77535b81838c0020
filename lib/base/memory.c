/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CACHE_LINE ((size_t)64)
#define LARGE_PAGE ((size_t)2 << 20)

static size_t whole_pages(size_t bytes) {
    return (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

/* Reserves address space without memory, aligned to a large page. NULL if there is none. */
static char *reserve(size_t whole) {
    char *begin = mmap(NULL, whole + LARGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED)
        return NULL;
    const size_t before = (LARGE_PAGE - (uintptr_t)begin % LARGE_PAGE) % LARGE_PAGE;
    if (before > 0)
        munmap(begin, before);
    munmap(begin + before + whole, LARGE_PAGE - before);
    return begin + before;
}

/* Moves a mapping to `place`. The system is called directly: libraries of MPI put a function in the place of mremap
 * that drops its last argument. False if there is no memory. */
static bool move_to(void *memory, size_t before, size_t whole, void *place) {
    return syscall(SYS_mremap, memory, before, whole, MREMAP_MAYMOVE | MREMAP_FIXED, place) ==
           (long)(intptr_t)place;
}

void *memory_resize(void *memory, size_t before, size_t bytes) {
    if (bytes > SIZE_MAX / 2)
        return NULL;
    const size_t whole = whole_pages(bytes);
    char *place = reserve(whole);
    if (place == NULL)
        return NULL;
    /* The reserved pages are made writable, since a second mapping would not count against the process's limits. */
    if (memory == NULL ? mprotect(place, whole, PROT_READ | PROT_WRITE) < 0
                       : !move_to(memory, whole_pages(before), whole, place)) {
        munmap(place, whole);
        return NULL;
    }
    (void)madvise(place, whole, MADV_HUGEPAGE); /* a failure only leaves the pages small */
    return place;
}

void memory_release(void *memory, size_t bytes) {
    if (memory != NULL)
        munmap(memory, whole_pages(bytes));
}

void *memory_allocate(size_t bytes) {
    const size_t alignment = bytes < LARGE_PAGE ? CACHE_LINE : LARGE_PAGE;
    if (bytes > SIZE_MAX - alignment)
        return NULL;
    const size_t whole = (bytes + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, whole);
    if (memory == NULL)
        return NULL;
    if (alignment == LARGE_PAGE)
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a failure only leaves the pages small */
    return memory;
}

/* The room is 16 elements, then each power of two in turn, so that it follows from the count. */
void *memory_grow(void *array, size_t count, size_t size) {
    const size_t few = 16;
    if (count > 0 && (count < few || (count & (count - 1)) != 0))
        return array;
    const size_t room = count == 0 ? few : 2 * count;
    return room > SIZE_MAX / size ? NULL : realloc(array, room * size);
}

bool memory_is_there(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    munmap(memory, bytes);
    return true;
}

void memory_expect(const void *memory, size_t bytes) {
    for (size_t at = 0; at < bytes; at += CACHE_LINE)
        __builtin_prefetch((const char *)memory + at);
}

double memory_peak(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (double)usage.ru_maxrss * 1024;
}
