/* SPDX-License-Identifier: MIT */
#ifndef TEXT_LINES_H
#define TEXT_LINES_H

#include "format/gunzip.h"

#include <stdbool.h>
#include <stdint.h>

/* The lines of a text, plain or gzip. */

#define LINES_MAX ((size_t)1 << 18) /* bytes of a line */

struct lines {
    struct gunzip gz;
    char *buffer; /* owned; NULL: not open */
    size_t at, have;
    bool ended;       /* there is no more input */
    bool without_end; /* the line that was read is the last one, and has no line end */
    uint64_t count;   /* of the lines that were read */
};

/* Opens `path` (NULL or "-": stdin) and reads its first bytes, which are buffer[0 .. have). 0, or -1 with nothing
 * to be closed. */
int lines_open(struct lines *lines, const char *path) __attribute__((warn_unused_result));

/* Reads the next line, without its end (LF or CRLF) and terminated by 0; the text is valid until the next call. 1,
 * 0 at the end, or -1. A last line without an end is a line. */
int lines_next(struct lines *lines, const char **text, size_t *length) __attribute__((warn_unused_result));

/* Goes back to the beginning of a regular file. 0 or -1. */
int lines_rewind(struct lines *lines) __attribute__((warn_unused_result));

/* Does nothing if the text is not open. */
void lines_close(struct lines *lines);

#endif
