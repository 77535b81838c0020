/* SPDX-License-Identifier: MIT */
#ifndef STREAM_DATASET_H
#define STREAM_DATASET_H

#include "stream/raw.h"

/* All items of a stream, in the stream's own type, in memory that grows as data arrives. A regular file of one
 * frame is mapped instead if there is not enough memory, or if it takes more than half of the machine's memory: the
 * system can then drop its pages and read them again; by several ranks, each of which reads a part of it; and the
 * parts of a data set, which may be too large together. */
struct dataset {
    const char *name; /* of the stream, for messages; not owned */
    enum dtype dtype;
    struct shape shape;
    size_t items, elements, item_bytes;
    const unsigned char *data; /* items * item_bytes */
    void *owned;               /* the memory to release or to unmap */
    size_t capacity;           /* its bytes, if it is not mapped */
    size_t mapped;             /* its bytes, if it is mapped; else 0 */
    const uint32_t *number; /* [items], the items' numbers in the stream; NULL: they are in the stream's order; not
                               owned */
    /* A data set in parts, each of which has as many items; `data` is NULL. The parts that this process does not
     * have are without data. NULL: it is not in parts. Owned. */
    struct dataset *part; /* [parts] */
    size_t parts;
    char **part_path; /* [parts], the names */
};

/* Loads `path` (NULL or "-": stdin). Refuses a stream without items. 0, or -1 with nothing to be freed. */
int dataset_load(struct dataset *set, const char *path) __attribute__((warn_unused_result));

/* The same, but a file that can be mapped is mapped. */
int dataset_load_mapped(struct dataset *set, const char *path) __attribute__((warn_unused_result));

/* Makes room for more than the `used` bytes of a data set that is not mapped, at most `most`: its memory doubles
 * when it is full. 0 or -1. */
int dataset_grow(struct dataset *set, size_t used, size_t most) __attribute__((warn_unused_result));

/* Loads standard input, which rank 0 reads and hands out to the others. 0 or -1, on all ranks. */
int dataset_hand_out(struct dataset *set) __attribute__((warn_unused_result));

/* Returns whether a path stands for the parts of a data set: "%s" in it is the number of a part, from 0 on. */
bool dataset_is_in_parts(const char *path);

/* Returns the path of a part, which the caller frees; NULL with a message if memory runs out. */
char *dataset_part_path(const char *path, size_t part);

/* Loads the parts of this rank, of as many for each rank. Refuses parts that differ in dtype, shape or number of
 * items, also between ranks, and a file for one part more. 0, or -1 with nothing to be freed, on all ranks. */
int dataset_load_parts(struct dataset *set, const char *path, size_t parts) __attribute__((warn_unused_result));

void dataset_free(struct dataset *set);

/* Frees what a data set has of its parts; dataset_free does it, too. */
void dataset_free_parts(struct dataset *set);

/* Returns the data set that has item *i, which is its part or itself, and sets *i to the number there. */
const struct dataset *dataset_part_of(const struct dataset *set, size_t *i);

/* XXH64 of all items' bytes. */
uint64_t dataset_digest(const struct dataset *set);

/* The bytes of item i. */
const void *dataset_item(const struct dataset *set, size_t i);

/* The number of item i in the stream. */
size_t dataset_number(const struct dataset *set, size_t i);

/* Makes the items writable in this process. The file is not changed. 0 or -1. */
int dataset_allow_changes(struct dataset *set) __attribute__((warn_unused_result));

/* Exchanges two items, after dataset_allow_changes. */
void dataset_swap(struct dataset *set, size_t i, size_t j);

/* Prefetches item i, which will be used soon. */
void dataset_expect(const struct dataset *set, size_t i);

/* Asks the system to read item i of a mapped file, which will be used after some others. */
void dataset_read_ahead(const struct dataset *set, size_t i);

#endif
