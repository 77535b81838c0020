/* SPDX-License-Identifier: MIT */
#ifndef TEXT_CSV_H
#define TEXT_CSV_H

#include "base/io.h"

#include <stdbool.h>
#include <stdint.h>

/* Text as a table, RFC 4180: records of cells. Lines end with LF or CRLF; a cell may stand in quotes, and then
 * holds delimiters and line ends as they are, and a quote as two. A byte order mark is skipped, and so are empty
 * lines. */

#define CSV_CELL_MAX ((size_t)1 << 20)   /* bytes of a cell */
#define CSV_RECORD_MAX ((size_t)1 << 26) /* bytes of a record */

struct csv_cell {
    size_t begin, length; /* in bytes, from the beginning of the record */
};

struct csv {
    struct input in;
    char delimiter;
    char *buffer;           /* owned: the record, and what was read after it */
    size_t size;            /* its bytes; there is one more for a final 0 */
    size_t start, at, have; /* where the record begins, the next byte to look at, and the end of what was read */
    bool ended;             /* there is no more input */
    struct csv_cell *cells; /* owned: those of the record, `count` of them, with room for more */
    size_t count, room;
    uint64_t record; /* the line in which the record begins, from 1 */
    uint64_t line;   /* the line of the next byte */
    size_t write;    /* while a record is read: where the next byte of its cell goes, from its beginning */
    uint64_t quoted; /* while a record is read: the line of the quote that begins its cell; 0: the cell has none */
};

/* Opens `path` (NULL or "-": stdin) and reads its first bytes. An empty input is an error, and so is a file of
 * another format. 0, or -1 with nothing to be closed. */
int csv_open(struct csv *csv, const char *path, char delimiter) __attribute__((warn_unused_result));

/* Reads the next record. 1, 0 at the end of the input, or -1 on error. Takes no more of the input than is there. */
int csv_next(struct csv *csv) __attribute__((warn_unused_result));

/* The text of a cell of the record, without its quotes and terminated by 0; valid until csv_next. */
const char *csv_text(const struct csv *csv, size_t cell);

void csv_close(struct csv *csv);

#endif
