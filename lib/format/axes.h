/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_AXES_H
#define FORMAT_AXES_H

#include "stream/shape.h"

/* Another order of the axes of an item, as numpy.transpose has it: axis i of the result is axis of[i] of the item.
 * Axes are numbered from 0. */
struct axes {
    size_t count; /* 0: the order stays */
    size_t of[SHAPE_MAX_RANK];
};

/* Parses "1,2,0" to a struct axes. 0, or -1 with a message that begins with `name`. */
int axes_parse(void *axes, const char *name, const char *text);

/* How the numbers of an item are copied. Axes that are neighbours before and after are one axis here. */
struct axes_plan {
    size_t rank;                                                /* at least 2 */
    size_t dim[SHAPE_MAX_RANK + 1], stride[SHAPE_MAX_RANK + 1]; /* of the result; strides in bytes of the item */
    size_t run;                                                 /* bytes that stay together */
};

/* Memory for some numbers of a stream, or for some whole items if their axes change their order. */
struct axes_buffer {
    unsigned char *numbers; /* owned: what is read goes here, at most `bytes` bytes, or whole items */
    size_t bytes;
    unsigned char *results; /* owned: the items in the new order; NULL: the order stays */
    size_t item;            /* bytes of an item */
    struct axes_plan plan;
};

/* Creates a buffer for items of this shape, whose numbers have `size` bytes, and changes the shape to that of the
 * results. Refuses items of another number of axes. 0, or -1 with a message that begins with `name`; end with
 * axes_buffer_free in both cases. */
int axes_buffer_create(struct axes_buffer *buffer, const struct axes *axes, struct shape *shape, size_t size,
                       const char *name) __attribute__((warn_unused_result));

/* Returns the results for the first `bytes` bytes of the numbers. */
const unsigned char *axes_reorder(const struct axes_buffer *buffer, size_t bytes);

void axes_buffer_free(struct axes_buffer *buffer);

#endif
