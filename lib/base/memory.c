#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CACHE_LINE ((size_t)64)
#define LARGE_PAGE ((size_t)2 << 20)

void *memory_allocate(size_t bytes) {
    const size_t alignment = bytes < LARGE_PAGE ? CACHE_LINE : LARGE_PAGE;
    if (bytes > SIZE_MAX - alignment)
        return NULL;
    const size_t whole = (bytes + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, whole);
    if (memory == NULL)
        return NULL;
    if (alignment == LARGE_PAGE)
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a wish: without it, pages are small */
    return memory;
}
