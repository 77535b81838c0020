/* SPDX-License-Identifier: MIT */
#ifndef TEXT_LINE_COPY_H
#define TEXT_LINE_COPY_H

#include "text/lines.h"
#include "stream/side_file.h"

/* A text of another program, plain or gzip, with one line per item or per element, that is copied to a side file.
 */
struct line_copy {
    struct lines in;
    struct side_writer out;
    size_t field;     /* which of the fields between tabs is copied, from 1; 0: the whole line */
    uint64_t lines;   /* wanted */
    const char *what; /* one line is wanted for each: "item"; not owned */
};

/* Opens `from`, and creates or empties `to`, which is neither `from` nor `input`. 0, or -1 with nothing to be
 * closed.
 */
int line_copy_open(struct line_copy *copy, const char *from, const char *to, const char *input)
    __attribute__((warn_unused_result));

/* Reads the next line and writes it if it is taken. 0, or -1, also if there is none. */
int line_copy_next(struct line_copy *copy, bool taken) __attribute__((warn_unused_result));

/* Checks that there is no further line, and closes both files. 0 or -1. */
int line_copy_end(struct line_copy *copy) __attribute__((warn_unused_result));

/* Closes both files after an error. Does nothing if they are not open. */
void line_copy_abandon(struct line_copy *copy);

#endif
