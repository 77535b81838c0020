/* SPDX-License-Identifier: MIT */
#ifndef TEXT_UNITS_H
#define TEXT_UNITS_H

#include "base/io.h"
#include "stream/foreign.h"

#include <stdbool.h>
#include <stdint.h>

/* A text whose lines are divided into units: characters, bytes or tokens. A line ends with LF, and a carriage
 * return before that belongs to the line; the last line needs no end. Memory is constant, whatever the length of a
 * line. */

struct units {
    struct input in;
    char *buffer; /* owned */
    /* The line that is being read: its first byte in the buffer, the next one, and the end of those that are there.
     * Then the end of all bytes in the buffer. */
    size_t begin, at, end, have;
    bool whole;                 /* the line ends at `end` */
    bool ended;                 /* there is no more input */
    char before;                /* the byte before buffer[begin], if it belongs to the line; otherwise 0 */
    uint64_t bytes, characters; /* of the line, before `begin` */
    uint64_t lines;             /* that were read */
    uint64_t returns;           /* of these, lines that end with a carriage return */
    bool again;                 /* it is the second read */
    off_t beginning;            /* of the text in its file; -1: it has none */
    struct XXH64_state_s *hash; /* owned: of the bytes that were read */
    uint64_t first_hash;        /* of the first read */
    char start[FOREIGN_BYTES];  /* the first bytes, `started` of them */
    size_t started;
};

/* A way to divide lines. */
struct unit {
    void *context;  /* of `take`; not owned */
    size_t longest; /* bytes of a unit, at most 4096 */
    /* Returns the bytes of the unit that the text begins with; 0: there is none. The text is the rest of its line,
     * or at least `longest` bytes of it. */
    size_t (*take)(void *context, const char *text, size_t length);
    const char *wanted; /* in the message about a text that begins with no unit; not owned */
    bool by_bytes;      /* the message has the number of the byte; otherwise that of the character */
};

/* Opens `path` (NULL or "-": stdin), and reads its first bytes. An empty input is an error. 0, or -1 with nothing
 * to be closed. */
int units_open(struct units *units, const char *path) __attribute__((warn_unused_result));

/* Reads the next line, and sets *count to the number of its units. 1, 0 at the end, or -1. Reads no more than is
 * there. */
int units_line(struct units *units, const struct unit *unit, size_t *count) __attribute__((warn_unused_result));

/* Refuses the line that was read if it has more than `most` units, which come from `source`: an option or a file. 0
 * or -1. */
int units_check_length(const struct units *units, size_t count, size_t most, const char *source)
    __attribute__((warn_unused_result));

/* True if the text can be read twice: it is in a regular file. */
bool units_are_regular(const struct units *units);

/* True if the text begins with a byte order mark, which is a part of its first line. */
bool units_have_mark(const struct units *units);

/* Goes back to the beginning of the text for the second read. 0 or -1. */
int units_rewind(struct units *units) __attribute__((warn_unused_result));

/* Called at the end of the text: 0, or -1 if the second read has found another text than the first. */
int units_check_end(const struct units *units) __attribute__((warn_unused_result));

void units_close(struct units *units);

#endif
