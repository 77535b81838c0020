/* SPDX-License-Identifier: MIT */
#ifndef TEXT_MTX_ITEMS_H
#define TEXT_MTX_ITEMS_H

#include "text/mtx.h"

/* A sparse matrix as items, one by one: its columns, or its rows. The entries must be sorted by item. */
struct mtx_items {
    struct mtx mtx;
    bool by_rows; /* the rows are the items, and the columns their elements */
    enum dtype dtype;
    uint64_t items;
    size_t all, elements; /* of an item: in the file, and as it is written */
    uint64_t *seen;       /* [all], owned: the number of the last item with an entry for that element, from 1 */
    size_t *place; /* [all], owned: the element's place in the item, or MTX_LEFT_OUT; NULL: all are written */
    uint64_t next; /* the item that is to be filled */
    uint64_t item; /* of the entry that was read last */
    size_t element;
    bool pending; /* that entry belongs to an item to come */
};

#define MTX_LEFT_OUT SIZE_MAX

/* Opens `path` (NULL or "-": stdin). 0, or -1 with nothing to be closed. */
int mtx_items_open(struct mtx_items *items, const char *path, bool by_rows, enum dtype dtype)
    __attribute__((warn_unused_result));

/* Chooses the `top` elements with the largest variance, divided by the mean, over all items; of equal ones the
 * first. Their order stays. Reads the whole file, which must be a regular one, and goes back to its beginning. 0 or
 * -1. */
int mtx_items_choose(struct mtx_items *items, size_t top) __attribute__((warn_unused_result));

/* Writes the next item, of `elements` numbers, to `to`. To be called once per item. 0 or -1. */
int mtx_items_next(struct mtx_items *items, unsigned char *to) __attribute__((warn_unused_result));

/* Checks that the file ends after the last item. 0 or -1. */
int mtx_items_end(struct mtx_items *items) __attribute__((warn_unused_result));

void mtx_items_close(struct mtx_items *items);

#endif
