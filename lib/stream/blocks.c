/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stream/blocks.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/signals.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MILLISECONDS 100            /* between two looks whether a signal has come */
#define READ_BYTES ((size_t)16 << 10)    /* between two looks whether the reader is wanted */
#define FIRST_CAPACITY ((size_t)1 << 20) /* bytes of a block's memory, which grows as data arrives */

/* Called when the input has nothing to read: waits for it, but not for longer than the reader is wanted. */
static int wait_for_input(void *context) {
    const struct blocks *b = context;
    struct pollfd ready = {.fd = b->reader.in.fd, .events = POLLIN};
    while (!atomic_load(&b->next.stopped))
        if (poll(&ready, 1, WAIT_MILLISECONDS) > 0)
            return 0;
    return -1; /* without a message, which nobody wants */
}

/* Makes room for more than `used` bytes of a block. 0 or -1. */
static int make_room(struct dataset *block, size_t used, size_t most) {
    if (used < block->capacity)
        return 0;
    const size_t bytes = smaller(larger(FIRST_CAPACITY, 2 * used), most);
    void *memory = memory_resize(block->owned, block->capacity, bytes);
    if (memory == NULL)
        return fail("%s: out of memory for a block of %zu bytes", block->name, bytes);
    block->owned = memory;
    block->data = memory;
    block->capacity = bytes;
    return 0;
}

/* Reads up to the end of a block or of the stream. 0 or -1. */
static int read_items(struct blocks *b) {
    struct dataset *block = &b->next.block;
    struct raw_reader *reader = &b->reader;
    const size_t bytes = b->capacity * block->item_bytes;
    size_t used = 0;
    while (used < bytes) {
        if (atomic_load(&b->next.stopped) || make_room(block, used, bytes) < 0)
            return -1;
        if (!reader->started || reader->left == 0) {
            const int more = raw_next(reader);
            if (more < 0)
                return -1;
            if (more == 0)
                break;
        }
        const ssize_t n = raw_read_bytes(reader, (unsigned char *)block->owned + used,
                                         smaller(READ_BYTES, block->capacity - used));
        if (n < 0)
            return -1;
        used += (size_t)n;
    }
    block->items = used / block->item_bytes;
    return 0;
}

static int fill(struct blocks *b) {
    struct blocks_next *next = &b->next;
    const uint64_t first = next->read.items;
    if (read_items(b) < 0)
        return -1;
    XXH64_update(b->hash, next->block.data, next->block.items * next->block.item_bytes);
    next->read = (struct blocks_read){first + next->block.items, XXH64_digest(b->hash)};
    return b->check(b->context, &next->block, first);
}

static void *run(void *context) {
    struct blocks *b = context;
    b->next.result = fill(b);
    if (b->next.result < 0)
        b->next.message = strdup(error_message());
    return NULL;
}

/* Starts to read the next block. 0 or -1. */
static int begin_reading(struct blocks *b) {
    const int reason = thread_start(&b->next.thread, run, b);
    b->next.is_reading = reason == 0;
    errno = reason;
    return reason == 0 ? 0 : fail_system(b->block.name, "cannot start a thread to read it");
}

/* Waits until the next block has been read. False if a signal came before that is heeded. */
static bool wait_for_block(struct blocks *b, bool heeds) {
    int reason;
    do {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WAIT_MILLISECONDS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        reason = pthread_timedjoin_np(b->next.thread, NULL, &until);
    } while (reason == ETIMEDOUT && !(heeds && signals_stop() != 0));
    b->next.is_reading = reason == ETIMEDOUT;
    return reason != ETIMEDOUT;
}

int blocks_fail_digest(const char *name, uint64_t items, uint64_t found, uint64_t wanted) {
    return fail("%s: the XXH64 of its first %" PRIu64 " items is %016" PRIx64 ", wanted %016" PRIx64
                " as before: read the same again, or start a new run",
                name, items, found, wanted);
}

/* Checks that what was read up to the end of a block, the last one if it `ends`, is what is known of it. 0 or -1.
 */
static int check_known(const struct blocks *b, uint64_t first, struct blocks_read read, bool ends) {
    const uint64_t wanted = b->items > 0 ? b->items : b->known.items;
    const bool passes = first < b->known.items && read.items >= b->known.items,
               whole = b->whole != 0 && read.items == b->items;
    if (ends && read.items < wanted)
        return fail("%s: ended after %" PRIu64 " items, wanted %" PRIu64 " as before", b->block.name, read.items,
                    wanted);
    if (b->items > 0 && read.items > b->items)
        return fail("%s: has more than the %" PRIu64 " items that its %s, wanted no more", b->block.name, b->items,
                    b->is_file ? "headers said at first" : "first header says");
    if ((passes && (read.items > b->known.items || read.xxh64 != b->known.xxh64)) ||
        (whole && read.xxh64 != b->whole))
        return blocks_fail_digest(b->block.name, read.items, read.xxh64, whole ? b->whole : b->known.xxh64);
    return 0;
}

/* Makes the block that was read the one at hand. */
static void take(struct blocks *b) {
    const struct dataset block = b->next.block;
    b->next.block = b->block;
    b->block = block;
    b->first = b->read.items;
    b->read = b->next.read;
}

/* See blocks_next. */
static int next_block(struct blocks *b, bool heeds) {
    if (b->is_over || (b->next.is_reading && !wait_for_block(b, heeds)))
        return 0;
    if (b->next.result < 0)
        return b->next.message == NULL ? fail("%s: out of memory for a message", b->block.name)
                                       : fail("%s", b->next.message);
    const bool ends = b->next.block.items < b->capacity;
    if (check_known(b, b->read.items, b->next.read, ends) < 0)
        return -1;
    b->is_over = ends;
    const int more = b->next.block.items > 0;
    if (more)
        take(b);
    if (b->is_over) {
        b->items = b->read.items;
        b->whole = b->read.xxh64;
    }
    return !b->is_over && begin_reading(b) < 0 ? -1 : more;
}

int blocks_next(struct blocks *b) {
    return next_block(b, true);
}

/* Ends the thread that reads, if there is one. */
static void stop_reading(struct blocks *b) {
    if (!b->next.is_reading)
        return;
    atomic_store(&b->next.stopped, true);
    pthread_join(b->next.thread, NULL);
    atomic_store(&b->next.stopped, false);
    b->next.is_reading = false;
}

/* A stream that is one block is still at hand, and is not read again. */
int blocks_restart(struct blocks *b) {
    if (b->first == 0)
        return 0;
    stop_reading(b);
    if (raw_rewind(&b->reader) < 0)
        return -1;
    XXH64_reset(b->hash, 0);
    b->read = b->next.read = (struct blocks_read){0};
    b->is_over = false;
    if (begin_reading(b) < 0)
        return -1;
    return next_block(b, false) < 0 ? -1 : 0; /* there is one: fewer items than before are an error */
}

int blocks_seek(struct blocks *b, uint64_t item, const struct blocks_read *known, uint64_t whole) {
    int more = 1;
    b->known = *known;
    if (b->whole == 0)
        b->whole = whole;
    if (check_known(b, b->first, b->read, b->is_over) < 0)
        return -1;
    while (more == 1 && b->read.items < item) /* which is known to be there */
        more = next_block(b, false);
    return more < 0 ? -1 : 0;
}

struct blocks_read blocks_known(const struct blocks *b) {
    return b->whole != 0 ? (struct blocks_read){b->items, b->whole} : b->read;
}

/* Counts the items of a regular file. 0 or -1. */
static int count_items(struct blocks *b) {
    int more;
    while ((more = raw_next(&b->reader)) == 1)
        if (raw_skip(&b->reader, b->reader.left) < 0)
            return -1;
    b->items = b->reader.items;
    return more < 0 ? -1 : raw_rewind(&b->reader);
}

int blocks_open(struct blocks *b, const char *path) {
    struct stat status;
    *b = (struct blocks){.reader = {.in = {.fd = -1}}};
    if (raw_open(&b->reader, path) < 0)
        return -1;
    const struct raw_frame *frame = &b->reader.frame;
    b->block = (struct dataset){.name = b->reader.in.name,
                                .dtype = frame->dtype,
                                .shape = frame->shape,
                                .elements = shape_elements(&frame->shape),
                                .item_bytes = raw_item_bytes(frame)};
    b->next.block = b->block;
    b->is_file = fstat(b->reader.in.fd, &status) == 0 && S_ISREG(status.st_mode);
    b->reader.in.paused = wait_for_input;
    b->reader.in.context = b;
    return b->is_file ? count_items(b) : 0;
}

int blocks_start(struct blocks *b) {
    size_t bytes;
    b->hash = XXH64_createState();
    if (b->hash == NULL)
        return fail("%s: out of memory for its digest", b->block.name);
    XXH64_reset(b->hash, 0);
    if (!multiply(b->capacity, b->block.item_bytes, &bytes))
        return fail("%s: blocks of %zu items of %zu bytes are more than any memory, wanted a smaller -b",
                    b->block.name, b->capacity, b->block.item_bytes);
    if (begin_reading(b) < 0)
        return -1;
    const int more = next_block(b, false);
    return more == 0 ? fail("%s: no items, wanted at least 1", b->block.name) : more < 0 ? -1 : 0;
}

void blocks_close(struct blocks *b) {
    stop_reading(b);
    dataset_free(&b->block);
    dataset_free(&b->next.block);
    free(b->next.message);
    XXH64_freeState(b->hash);
    b->hash = NULL;
    if (b->reader.in.name != NULL)
        raw_close(&b->reader);
}
