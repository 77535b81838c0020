/* SPDX-License-Identifier: MIT */
#ifndef STREAM_SIDE_FILE_H
#define STREAM_SIDE_FILE_H

#include "base/io.h"

#include <stdbool.h>
#include <stdint.h>

/* A side file of a stream: text, one line per item (identifiers) or per element (names). The writer flushes the
 * lines of a frame's items before it writes the frame, and the reader of the stream opens the side file after the
 * first header. So both may stand in one pipeline. */

#define SIDE_LINE_MAX ((size_t)1 << 16) /* bytes of a line */

/* True if `path` is a pipe. To open it waits for its reader, who opens it after the stream's first header: a writer
 * writes a frame without items before. NULL: false. */
bool side_is_pipe(const char *path);

struct side_writer {
    struct output out;
    char *buffer; /* owned; NULL: not open */
    size_t used;
    bool is_pipe;
};

/* Refuses a side file in a place that `input` (NULL or "-": stdin) has, too. 0 or -1. side_writer_open calls it. */
int side_check_input(const char *path, const char *input) __attribute__((warn_unused_result));

/* Creates the file, or empties it. Refuses a place that `input` (NULL or "-": stdin) or standard output has, too.
 * 0, or -1 with nothing to be closed. */
int side_writer_open(struct side_writer *writer, const char *path, const char *input)
    __attribute__((warn_unused_result));

/* Writes a line. A text with a line end, or one that is too long, is refused: `subject` begins the message. 0 or
 * -1. */
int side_write(struct side_writer *writer, const char *text, size_t length, const char *subject)
    __attribute__((warn_unused_result));

/* Whether another line of `length` bytes may be written before the next side_flush. The reader of a pipe takes the
 * lines of a frame after the frame's header, which is written after them, so the pipe must hold them all: if the
 * line does not fit, the frame must end before it. A file takes any number, and so does a writer that is not open.
 */
bool side_fits(const struct side_writer *writer, size_t length);

/* Writes all lines to the file. Does nothing if it is not open. 0 or -1. */
int side_flush(struct side_writer *writer) __attribute__((warn_unused_result));

/* Flushes and closes the file. 0 or -1. */
int side_writer_close(struct side_writer *writer) __attribute__((warn_unused_result));

/* Closes the file after an error. Does nothing if it is not open. */
void side_writer_abandon(struct side_writer *writer);

struct side_reader {
    struct input in;
    char *buffer; /* owned; NULL: not open */
    size_t at, have;
    uint64_t lines; /* that were read */
};

/* Opens `path`. 0, or -1 with nothing to be closed. */
int side_reader_open(struct side_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Reads the next line, without its end (LF or CRLF); the text is valid until the next call. 1, 0 at the end of the
 * file, or -1. A last line without an end is a line. Reads no further than it must. */
int side_read(struct side_reader *reader, const char **text, size_t *length) __attribute__((warn_unused_result));

/* Reads the line of the next item of `stream`. 0, or -1, also if there is none. */
int side_next(struct side_reader *reader, const char **text, size_t *length, const char *stream)
    __attribute__((warn_unused_result));

/* Called after the last item of `stream`, which has `items`: checks that no line is left. 0 or -1. */
int side_finish(struct side_reader *reader, uint64_t items, const char *stream) __attribute__((warn_unused_result));

void side_reader_close(struct side_reader *reader);

#endif
