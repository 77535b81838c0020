/* SPDX-License-Identifier: MIT */
#ifndef TEXT_MTX_H
#define TEXT_MTX_H

#include "text/lines.h"
#include "stream/dtype.h"

/* A sparse matrix as text, MatrixMarket "coordinate", plain or gzip: a line with the format, lines of comments that
 * begin with '%', a line with the numbers of rows, columns and entries, and one line per entry: row and column,
 * from 1, and value. A matrix of the kind "pattern" has no values: each stands for 1. */

struct mtx {
    struct lines lines;
    bool pattern;
    uint64_t rows, columns, entries; /* as declared */
    uint64_t read;                   /* entries that were read */
    uint64_t row, column;            /* of the entry that was read, from 0 */
    const char *value;               /* its text, terminated by 0 */
    size_t value_length;
};

/* Opens `path` (NULL or "-": stdin) and reads to the line of the sizes. 0, or -1 with nothing to be closed. */
int mtx_open(struct mtx *mtx, const char *path) __attribute__((warn_unused_result));

/* Reads the next entry. 1, 0 after the last one if the file ends there, or -1. */
int mtx_next(struct mtx *mtx) __attribute__((warn_unused_result));

/* Writes the entry's value to `to` as a number of that type. 0 or -1. */
int mtx_value(const struct mtx *mtx, enum dtype dtype, unsigned char *to) __attribute__((warn_unused_result));

/* Goes back to the first entry. Only a regular file can be read again. 0, or -1, also if the sizes have changed. */
int mtx_rewind(struct mtx *mtx) __attribute__((warn_unused_result));

void mtx_close(struct mtx *mtx);

#endif
