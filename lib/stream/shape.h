/* SPDX-License-Identifier: MIT */
#ifndef STREAM_SHAPE_H
#define STREAM_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#define SHAPE_MAX_RANK 6
#define SHAPE_MAX_ELEMENTS ((size_t)1 << 48) /* their bytes, and sums of a few, are then far below SIZE_MAX */
#define SHAPE_TEXT 128                       /* bytes for any shape as text */

/* The shape of one item, or of a tensor: 1 to 6 dimensions, row-major, the last one fastest. */
struct shape {
    size_t rank;
    size_t dim[SHAPE_MAX_RANK];
};

/* The number of elements, at most SHAPE_MAX_ELEMENTS if shape_parse made the shape. */
size_t shape_elements(const struct shape *shape);

/* Parses "28x28". 0, or -1 with a message that begins with `name`, also if there are too many elements. */
int shape_parse(struct shape *shape, const char *name, const char *text);

/* Writes the shape as "28x28" to text, and returns text. */
const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]);

bool shape_equal(const struct shape *a, const struct shape *b);

/* A shape of one dimension. */
struct shape shape_vector(size_t length);

#endif
