/* SPDX-License-Identifier: MIT */
#ifndef STREAM_ITEM_OUTPUT_H
#define STREAM_ITEM_OUTPUT_H

#include "base/number_list.h"
#include "stream/raw.h"
#include "stream/side_file.h"

/* The elements that are kept of each item. */
struct kept_elements {
    struct number_list list; /* without ranges: all; set by the caller, as the others by kept_elements_set */
    struct shape shape;      /* of what is kept: that of the item if all is, else a vector */
    size_t element_bytes;
};

/* Sets the shape for the items of `reader`. 0, or -1 if an element of the list is not there. */
int kept_elements_set(struct kept_elements *kept, const struct raw_reader *reader)
    __attribute__((warn_unused_result));

/* A stream that is written item by item, with a file of their identifiers. Items are collected to about 1 MiB
 * before they are written. */
struct item_output {
    struct raw_writer writer; /* started by the caller */
    struct side_writer ids;
    const struct kept_elements *kept; /* not owned */
    struct raw_frame frame;
    unsigned char *buffer; /* owned */
    size_t item_bytes;     /* of an item that is written */
    size_t items, capacity;
};

/* Sets the output of items of the stream `reader`, without identifiers. 0, or -1 if there is no memory. */
int item_output_set(struct item_output *out, const struct kept_elements *kept, const struct raw_reader *reader)
    __attribute__((warn_unused_result));

/* Begins a frame of `items` items, after it has written the identifiers that were given. 0 or -1. */
int item_output_begin(struct item_output *out, uint64_t items, bool last) __attribute__((warn_unused_result));

/* Writes an item, which is given with all its elements. 0 or -1. */
int item_output_put(struct item_output *out, const unsigned char *item) __attribute__((warn_unused_result));

/* Writes all that was collected. 0 or -1. */
int item_output_flush(struct item_output *out) __attribute__((warn_unused_result));

/* Returns how many items a frame may have: one if their identifiers go to a pipe, which must hold those of a frame;
 * see side_fits. */
uint64_t item_output_frame_most(const struct item_output *out);

/* Frees the buffer. The caller closes the streams. */
void item_output_free(struct item_output *out);

#endif
