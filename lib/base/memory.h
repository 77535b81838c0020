#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Memory of `bytes` bytes, which begins a cache line; NULL where there is none, without a message. Large
 * amounts come in the largest pages that the system gives: they cost fewer faults when first touched and fewer misses
 * of the processor's table of pages. End with free. */
void *memory_allocate(size_t bytes);

#endif
