/* SPDX-License-Identifier: MIT */
#ifndef STREAM_RAW_H
#define STREAM_RAW_H

#include "base/io.h"
#include "stream/dtype.h"
#include "stream/shape.h"

#include <stdbool.h>
#include <stdint.h>

/* The stream between the tools, vae-raw(5). A frame is a 64-byte text header and a payload:
 *
 *     raw1 f32 28x28 128 .<spaces>\n
 *
 * dtype, item shape, number of items, and '.' for the last frame of its stream or '+' if another frame follows. */

#define RAW_HEADER 64

struct raw_frame {
    enum dtype dtype;
    struct shape shape;
    uint64_t items;
    bool last;
};

/* Convert between a header's text and a frame. Only text that raw_format would write is parsed. 0, or -1 with a
 * message that begins with `name`. */
int raw_parse(struct raw_frame *frame, const char text[RAW_HEADER], const char *name)
    __attribute__((warn_unused_result));
int raw_format(const struct raw_frame *frame, char text[RAW_HEADER], const char *name)
    __attribute__((warn_unused_result));

/* Bytes of one item. */
size_t raw_item_bytes(const struct raw_frame *frame);

struct raw_reader {
    struct input in;
    struct raw_frame frame; /* the current frame; its dtype and shape hold for the whole stream */
    uint64_t items;         /* items read so far, in all frames */
    uint64_t left;          /* bytes left in the current frame */
    uint64_t total;         /* items of this stream in all if its last frame is reached; else 0 */
    bool started;
    off_t start; /* the place of the first header in a regular file */
};

/* Opens `path` (NULL or "-": stdin) and reads the first header, so that dtype and shape are known. An empty
 * input is an error. 0, or -1 with nothing to be closed. */
int raw_open(struct raw_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Goes to the next frame; the first call goes to the first frame. 1: reader->frame is that frame. 0: the input
 * ended after a '.' frame. -1: error, also if the dtype or the shape changes, or if the input ends after a '+'
 * frame. */
int raw_next(struct raw_reader *reader) __attribute__((warn_unused_result));

/* Reads up to `items` items of the current frame. Returns the number of items, 0 at the frame's end, or -1 on
 * error, also if the payload ends early. */
ssize_t raw_read(struct raw_reader *reader, void *buffer, size_t items) __attribute__((warn_unused_result));

/* The same in bytes, for a tool that does not hold a whole item in memory. */
ssize_t raw_read_bytes(struct raw_reader *reader, void *buffer, size_t bytes) __attribute__((warn_unused_result));

/* Passes over `bytes` bytes of the current frame, or what is left of it if that is less. A regular file is not read
 * for it. 0, or -1, also if the payload ends early. */
int raw_skip(struct raw_reader *reader, uint64_t bytes) __attribute__((warn_unused_result));

/* Goes back to before the first frame of a regular file. 0, or -1, also if the stream has another dtype or shape
 * now. */
int raw_rewind(struct raw_reader *reader) __attribute__((warn_unused_result));

void raw_close(struct raw_reader *reader);

/* Writes a stream. The last byte of each '.' frame is held back until more is written or raw_finish is called. If
 * an error is found before, the output ends inside a frame, and its reader refuses it. If the output begins with a
 * '.' frame without items, the whole frame is held back: after an error the reader finds an empty input. */
struct raw_writer {
    struct output out;
    bool begun;            /* something was written */
    bool last;             /* the current frame has a '.' */
    uint64_t left;         /* bytes of its payload that are still to come */
    char held[RAW_HEADER]; /* bytes that are held back */
    size_t held_bytes;
};

/* Starts a stream on standard output. Refuses a terminal. 0 or -1. */
int raw_writer_start(struct raw_writer *writer) __attribute__((warn_unused_result));

/* Starts a stream in a file, which output_create makes. 0, or -1 with nothing to be closed. */
int raw_writer_create(struct raw_writer *writer, const char *path, const char *input)
    __attribute__((warn_unused_result));

/* Writes a frame's header; its payload follows. 0 or -1. */
int raw_write_header(struct raw_writer *writer, const struct raw_frame *frame) __attribute__((warn_unused_result));

/* Writes a part of the payload. 0 or -1. */
int raw_write(struct raw_writer *writer, const void *data, size_t bytes) __attribute__((warn_unused_result));

/* Ends the stream, after the whole input has been checked: writes the bytes that are held back. 0 or -1. */
int raw_finish(struct raw_writer *writer) __attribute__((warn_unused_result));

/* Ends the stream in a file of raw_writer_create, and closes the file. 0 or -1; the file is closed in both cases.
 */
int raw_writer_close(struct raw_writer *writer) __attribute__((warn_unused_result));

/* Closes the file after an error. Does nothing if its descriptor is -1, as after raw_writer_close. */
void raw_writer_abandon(struct raw_writer *writer);

#endif
