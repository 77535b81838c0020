/* SPDX-License-Identifier: MIT */
#ifndef TEXT_COLUMNS_H
#define TEXT_COLUMNS_H

#include "text/csv.h"

/* The columns of a table, and those that are chosen as the elements of its items. Columns are numbered from 0 here,
 * and from 1 in messages and by users. */
struct columns {
    const char *stream; /* the table's name, for messages; not owned */
    size_t total;
    char *text;         /* owned: the names of the header, each terminated by 0; NULL: there is no header */
    const char **names; /* owned; NULL: there is no header */
    size_t *chosen;     /* owned: the elements' columns, `count` of them */
    size_t count;
    size_t id; /* the column of the identifiers, which is no element; SIZE_MAX: none */
};

/* Sets the columns from the table's first record, which is the header if `named`. 0, or -1 with nothing to be
 * freed. */
int columns_create(struct columns *columns, const struct csv *csv, bool named) __attribute__((warn_unused_result));

/* Chooses the column `id` for the identifiers (NULL: none), and those of `list` for the elements (NULL: all
 * others), in the list's order: "age,height-weight,sex". An entry may be in quotes, as a cell. Columns have names,
 * or numbers from 1 if there is no header. 0 or -1. */
int columns_choose(struct columns *columns, const char *id, const char *list) __attribute__((warn_unused_result));

#define COLUMNS_LABEL 128

/* Writes "3 (height)", or "3" if there is no header, to text, and returns text. */
const char *columns_label(const struct columns *columns, size_t column, char text[COLUMNS_LABEL]);

void columns_free(struct columns *columns);

#endif
