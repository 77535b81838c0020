/* SPDX-License-Identifier: MIT */
#ifndef STREAM_BLOCKS_H
#define STREAM_BLOCKS_H

#include "stream/dataset.h"
#include "stream/items_known.h"

#include <pthread.h>
#include <stdatomic.h>
#include <xxhash.h>

/* A stream that is read block by block, and never is in memory as a whole. While a block is used, a thread reads
 * the next one, so that two are in memory. A regular file can be read several times. */

/* A block that a thread has read or is reading. */
struct blocks_next {
    struct dataset block;
    struct items_read read;
    pthread_t thread;
    bool is_reading;     /* the thread was started, and not joined yet */
    int done;            /* an eventfd, which the thread signals at its end; -1: none */
    int result;          /* 0, or -1 with a message */
    char *message;       /* NULL: memory ran out; owned */
    atomic_bool stopped; /* the thread is to end at once */
};

struct blocks {
    struct dataset block;   /* at hand, as a data set of its own */
    struct items_read read; /* up to its end */
    uint64_t first;         /* the number in the stream of its first item */
    uint64_t items;  /* of the whole stream; 0: not known yet, unless the caller sets it before blocks_start */
    size_t capacity; /* items of each block but the last */
    bool is_file;    /* a regular file, which can be read again */
    /* Checks the items of a block, of which the first has number `first`, on the thread that reads. 0 or -1. */
    int (*check)(void *context, const struct dataset *block, uint64_t first);
    void *context;
    struct raw_reader reader;
    XXH64_state_t *hash;
    struct items_known known; /* what the items must be */
    struct blocks_next next;
    bool is_over; /* no block follows the one at hand */
};

/* Opens `path` (NULL or "-": stdin) and sets the name, the dtype and the shape of `block`, which has no items yet;
 * and `items`, if it is a regular file, by its headers. 0 or -1; end with blocks_close in both cases. */
int blocks_open(struct blocks *blocks, const char *path) __attribute__((warn_unused_result));

/* Brings the first block to hand, after `capacity`, `check` and `context` were set. Refuses a
 * stream without items. 0 or -1. */
int blocks_start(struct blocks *blocks) __attribute__((warn_unused_result));

/* Brings the next block to hand. Returns 1 when done; 0 if the stream has ended, or if signals_stop() came while it
 * was waited for; -1 on error. In the last two cases the old block stays at hand. */
int blocks_next(struct blocks *blocks) __attribute__((warn_unused_result));

/* Brings the first block to hand again. It is an error if a file's items are others than when they were read
 * before. 0 or -1. */
int blocks_restart(struct blocks *blocks) __attribute__((warn_unused_result));

/* Brings the block with item `item` to hand, or the one that ends before it, so that the next one begins with it.
 * Its predecessors are read, too. It is an error if the items are not those that are known. 0 or -1. */
int blocks_seek(struct blocks *blocks, uint64_t item, const struct items_known *known)
    __attribute__((warn_unused_result));

/* Returns what is known of the items, which the stream must have when it is read again. */
struct items_known blocks_known(const struct blocks *blocks);

/* Returns all items, if they are known, or else those that were read so far. */
struct items_read blocks_most(const struct blocks *blocks);

void blocks_close(struct blocks *blocks);

#endif
