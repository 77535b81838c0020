/* SPDX-License-Identifier: MIT */
#include "stream/blocks.h"

#include "base/error.h"
#include "base/number.h"
#include "base/signals.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_MILLISECONDS 100         /* between two looks whether a signal has come */
#define READ_BYTES ((size_t)16 << 10) /* between two looks whether the reader is wanted */

/* Called when the input has nothing to read: waits for it, but not for longer than the reader is wanted. */
static int wait_for_input(void *context) {
    const struct blocks *b = context;
    struct pollfd ready = {.fd = b->reader.in.fd, .events = POLLIN};
    while (!atomic_load(&b->next.stopped))
        if (poll(&ready, 1, WAIT_MILLISECONDS) > 0)
            return 0;
    return -1; /* without a message, which nobody wants */
}

/* Reads up to the end of a block or of the stream. 0 or -1. */
static int read_items(struct blocks *b) {
    struct dataset *block = &b->next.block;
    struct raw_reader *reader = &b->reader;
    const size_t bytes = b->capacity * block->item_bytes;
    size_t used = 0;
    while (used < bytes) {
        if (atomic_load(&b->next.stopped) || dataset_grow(block, used, bytes) < 0)
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
    next->read = (struct items_read){first + next->block.items, XXH64_digest(b->hash)};
    return b->check(b->context, &next->block, first);
}

static void *run(void *context) {
    struct blocks *b = context;
    b->next.result = fill(b);
    if (b->next.result < 0)
        b->next.message = strdup(error_message());
    (void)eventfd_write(b->next.done, 1);
    return NULL;
}

/* Starts to read the next block. 0 or -1. */
static int begin_reading(struct blocks *b) {
    const int reason = thread_start(&b->next.thread, run, b);
    b->next.is_reading = reason == 0;
    errno = reason;
    return reason == 0 ? 0 : fail_system(b->block.name, "cannot start a thread to read it");
}

/* Ends the reading, which is done or was stopped. */
static void join(struct blocks *b) {
    eventfd_t ends;
    pthread_join(b->next.thread, NULL);
    (void)eventfd_read(b->next.done, &ends);
    b->next.is_reading = false;
}

/* Waits until the next block has been read. False if a signal came before that is heeded. */
static bool wait_for_block(struct blocks *b, bool heeds) {
    struct pollfd done = {.fd = b->next.done, .events = POLLIN};
    while (poll(&done, 1, WAIT_MILLISECONDS) <= 0)
        if (heeds && signals_stop() != 0)
            return false;
    join(b);
    return true;
}

/* Checks that what was read up to the end of a block, the last one if it `ends`, is what is known of it. 0 or -1.
 */
static int check_known(const struct blocks *b, uint64_t first, struct items_read read, bool ends) {
    const struct items_read *known = &b->known.read;
    const uint64_t wanted = b->items > 0 ? b->items : known->items;
    const bool passes = first < known->items && read.items >= known->items,
               whole = b->known.whole != 0 && read.items == b->items;
    if (ends && read.items < wanted)
        return fail("%s: ended after %" PRIu64 " items, wanted %" PRIu64 " as before", b->block.name, read.items,
                    wanted);
    if (b->items > 0 && read.items > b->items)
        return fail("%s: has more than the %" PRIu64 " items that its %s, wanted no more", b->block.name, b->items,
                    b->is_file ? "headers said at first" : "first header says");
    if ((passes && (read.items > known->items || read.xxh64 != known->xxh64)) ||
        (whole && read.xxh64 != b->known.whole))
        return items_fail_changed(b->block.name, read.items, read.xxh64, whole ? b->known.whole : known->xxh64);
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
        b->known.whole = b->read.xxh64;
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
    join(b);
    atomic_store(&b->next.stopped, false);
}

/* A stream that is one block is still at hand, and is not read again. */
int blocks_restart(struct blocks *b) {
    if (b->first == 0)
        return 0;
    stop_reading(b);
    if (raw_rewind(&b->reader) < 0)
        return -1;
    XXH64_reset(b->hash, 0);
    b->read = b->next.read = (struct items_read){0};
    b->is_over = false;
    if (begin_reading(b) < 0)
        return -1;
    return next_block(b, false) < 0 ? -1 : 0; /* there is one: fewer items than before are an error */
}

int blocks_seek(struct blocks *b, uint64_t item, const struct items_known *known) {
    const uint64_t whole = b->known.whole; /* if the stream is a block, this is known already */
    int more = 1;
    b->known = *known;
    if (whole != 0)
        b->known.whole = whole;
    if (check_known(b, b->first, b->read, b->is_over) < 0)
        return -1;
    while (more == 1 && b->read.items < item) /* which is known to be there */
        more = next_block(b, false);
    return more < 0 ? -1 : 0;
}

struct items_known blocks_known(const struct blocks *b) {
    return (struct items_known){.read = b->read, .whole = b->known.whole};
}

struct items_read blocks_most(const struct blocks *b) {
    return b->known.whole != 0 ? (struct items_read){b->items, b->known.whole} : b->read;
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
    *b = (struct blocks){.reader = {.in = {.fd = -1}}, .next = {.done = -1}};
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
    b->next.done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->next.done < 0)
        return fail_system(b->block.name, "cannot wait for its blocks");
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
    if (b->next.done >= 0)
        close(b->next.done);
    XXH64_freeState(b->hash);
    b->hash = NULL;
    if (b->reader.in.name != NULL)
        raw_close(&b->reader);
}
