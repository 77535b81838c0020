/* SPDX-License-Identifier: MIT */
#ifndef TEXT_CELLS_H
#define TEXT_CELLS_H

#include "text/columns.h"
#include "text/csv.h"
#include "stream/dtype.h"

/* Cells of a table as numbers of a stream. */

#define MISSING_TEXTS 64

/* Texts that stand for a missing number. */
struct missing_texts {
    struct {
        const char *text; /* not terminated, not owned */
        size_t length;
    } of[MISSING_TEXTS];
    size_t count;
};

/* Parses "NA,null" to a struct missing_texts; the text must stay. 0, or -1 with a message that begins with `name`.
 */
int missing_texts_parse(void *texts, const char *name, const char *list);

struct cells {
    enum dtype dtype;
    const struct missing_texts *missing;
};

/* Writes the record's chosen columns to `item` as numbers of that type. Spaces and tabs around a number are
 * ignored. An empty cell, and each text of `missing`, is NaN. 0, or -1 if a cell is no number, or none of that
 * type. */
int cells_read(const struct cells *cells, const struct csv *csv, const struct columns *columns, unsigned char *item)
    __attribute__((warn_unused_result));

/* True if the text is a number. */
bool cells_is_number(const char *text);

#endif
