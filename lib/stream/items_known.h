/* SPDX-License-Identifier: MIT */
#ifndef STREAM_ITEMS_KNOWN_H
#define STREAM_ITEMS_KNOWN_H

#include <stdint.h>

/* The first items of a stream that were read. */
struct items_read {
    uint64_t items, xxh64; /* of all their bytes */
};

/* What is known of the items of a stream, before they are read again. */
struct items_known {
    struct items_read read; /* 0 items: nothing */
    uint64_t whole;         /* the XXH64 of all items; 0: not known */
};

/* Sets the message that the first `items` items of the stream `name` are others than before. Returns -1. */
int items_fail_changed(const char *name, uint64_t items, uint64_t found, uint64_t wanted)
    __attribute__((warn_unused_result));

#endif
