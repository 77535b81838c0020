/* SPDX-License-Identifier: MIT */
#ifndef STREAM_INTERLEAVE_H
#define STREAM_INTERLEAVE_H

#include "stream/raw.h"

/* One of the streams that are interleaved. */
struct interleave_source {
    struct raw_reader reader;
    unsigned char *items; /* those that are read and not yet copied */
    size_t at, have, capacity, item_bytes;
    bool ended;
};

/* Several streams of the same number of items as one: `run` items of each in turn. Memory is constant. */
struct interleave {
    /* Set by the caller. */
    char *const *paths; /* one of them may be "-": stdin */
    size_t count;       /* of them, at least 1 */
    size_t run;         /* at least 1; the last run may be shorter */
    /* Set by interleave_run. */
    struct interleave_source *sources; /* owned: [count] */
    size_t opened;                     /* of them */
    struct raw_writer out;
    struct raw_frame frame; /* as it is written */
    bool convert;           /* the streams have several types: their numbers are written as f32 */
    size_t elements, item_bytes;
    unsigned char *memory; /* owned: the items of the sources */
    unsigned char *buffer; /* owned: items that are not yet written */
    size_t items, capacity;
    uint64_t promised; /* items of the frame that are still to be written */
};

/* Interleaves the streams on standard output. 0, or -1, also if the streams differ in shape or in length. */
int interleave_run(struct interleave *interleave) __attribute__((warn_unused_result));

#endif
