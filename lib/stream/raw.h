/* SPDX-License-Identifier: MIT */
#ifndef STREAM_RAW_H
#define STREAM_RAW_H

#include "base/io.h"
#include "stream/dtype.h"
#include "stream/shape.h"

#include <stdbool.h>
#include <stdint.h>

/* The stream between the tools, vae-raw(5): frames of a 64-byte text header and a payload,
 *
 *     raw1 f32 28x28 128 .<spaces>\n
 *
 * dtype, item shape, items, and '.' for the last frame of its stream or '+' if more follow. */

#define RAW_HEADER 64

struct raw_frame {
    enum dtype dtype;
    struct shape shape;
    uint64_t items;
    bool last;
};

/* Header text <-> frame. Strict: only what raw_format writes is parsed. -1 with a message opened by `name`. */
int raw_parse(struct raw_frame *frame, const char text[RAW_HEADER], const char *name)
    __attribute__((warn_unused_result));
int raw_format(const struct raw_frame *frame, char text[RAW_HEADER], const char *name)
    __attribute__((warn_unused_result));

/* Bytes of one item. */
size_t raw_item_bytes(const struct raw_frame *frame);

struct raw_reader {
    struct input in;
    struct raw_frame frame; /* the current one; its dtype and shape hold for the whole stream */
    uint64_t items;         /* read so far, of all frames */
    uint64_t left;          /* bytes left in the frame */
    uint64_t total;         /* items to the end of this stream, if its last frame is reached; else 0 */
    bool started;
};

/* Opens `path` (NULL or "-": stdin) and reads the first header, so that dtype and shape are known. An empty
 * input is an error. */
int raw_open(struct raw_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Goes to the next frame. 1: reader->frame tells its items; 0: clean end after a '.' frame; -1: error, also
 * if the dtype or the shape changes or a '+' frame is the last. The first call gives the first frame. */
int raw_next(struct raw_reader *reader) __attribute__((warn_unused_result));

/* Reads up to `items` items of the current frame. Returns how many, 0 at the frame's end, -1 on error, also
 * if the payload ends early. */
ssize_t raw_read(struct raw_reader *reader, void *buffer, size_t items) __attribute__((warn_unused_result));

/* The same by bytes, for a tool that must not hold a whole item. */
ssize_t raw_read_bytes(struct raw_reader *reader, void *buffer, size_t bytes) __attribute__((warn_unused_result));

void raw_close(struct raw_reader *reader);

/* Writes a stream. The last byte of each '.' frame is held back until more is written or raw_finish is called. If
 * an error is found before, the output ends inside a frame, and its reader refuses it. If the output begins with a
 * '.' frame without items, the whole frame is held back: after an error the reader finds an empty input. */
struct raw_writer {
    struct output out;
    bool begun;            /* something was written */
    bool last;             /* the frame is one with a '.' */
    uint64_t left;         /* bytes of its payload still to come */
    char held[RAW_HEADER]; /* not written yet */
    size_t held_bytes;
};

/* To standard output; a terminal is refused. */
int raw_writer_start(struct raw_writer *writer) __attribute__((warn_unused_result));

/* A frame's header; its payload follows. */
int raw_write_header(struct raw_writer *writer, const struct raw_frame *frame) __attribute__((warn_unused_result));

/* Some of the payload. */
int raw_write(struct raw_writer *writer, const void *data, size_t bytes) __attribute__((warn_unused_result));

/* The end: all that the stream was made of has been found right. */
int raw_finish(struct raw_writer *writer) __attribute__((warn_unused_result));

#endif
