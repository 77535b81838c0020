#ifndef STREAM_DATASET_H
#define STREAM_DATASET_H

#include "stream/raw.h"

/* All items of a stream at once, in the stream's own type. A regular file of one frame is mapped, so that its
 * pages are shared and can be dropped; anything else is read into memory, which grows with what arrives. */
struct dataset {
    const char *name; /* of the stream, for messages; not owned */
    enum dtype dtype;
    struct shape shape;
    size_t items, elements, item_bytes;
    const unsigned char *data; /* items * item_bytes */
    void *owned;               /* what to free or unmap */
    size_t mapped;             /* bytes mapped, 0 where owned is malloc's */
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
