/* SPDX-License-Identifier: MIT */
#ifndef STREAM_DATASET_H
#define STREAM_DATASET_H

#include "stream/raw.h"

/* All items of a stream at once, in the stream's own type, in memory that grows with what arrives. If there is
 * not enough of it, or none to spare (half of all there is), a regular file of one frame is mapped instead, so that
 * the system can drop its pages and read them again. */
struct dataset {
    const char *name; /* of the stream, for messages; not owned */
    enum dtype dtype;
    struct shape shape;
    size_t items, elements, item_bytes;
    const unsigned char *data; /* items * item_bytes */
    void *owned;               /* what to release or unmap */
    size_t capacity;           /* bytes of it, if it is not mapped */
    size_t mapped;             /* bytes mapped */
};

/* Loads `path` (NULL or "-": stdin). A stream without items is refused. */
int dataset_load(struct dataset *set, const char *path) __attribute__((warn_unused_result));

void dataset_free(struct dataset *set);

/* XXH64 of all items' bytes. */
uint64_t dataset_digest(const struct dataset *set);

/* The bytes of item i. */
const void *dataset_item(const struct dataset *set, size_t i);

/* Says that item i will be wanted soon, so that memory is not waited for then. */
void dataset_expect(const struct dataset *set, size_t i);

#endif
