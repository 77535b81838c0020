/* SPDX-License-Identifier: MIT */
#include "format/axes.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)1 << 18) /* bytes of a buffer, if an item is not larger */

int axes_parse(void *field, const char *name, const char *text) {
    struct axes *axes = field;
    unsigned seen = 0;
    if (parse_list(name, text, ',', 0, SHAPE_MAX_RANK - 1, SHAPE_MAX_RANK, axes->of, &axes->count) < 0)
        return -1;
    for (size_t i = 0; i < axes->count; i++)
        seen |= 1u << axes->of[i];
    return seen == (1u << axes->count) - 1
               ? 0
               : fail("%s: found '%s', wanted each number from 0 to %zu once", name, text, axes->count - 1);
}

/* Adds an axis of the result at the plan's end, or joins it with the one before. */
static void add_axis(struct axes_plan *plan, size_t dim, size_t stride) {
    const size_t last = plan->rank - 1;
    if (plan->stride[last] == dim * stride) {
        plan->dim[last] *= dim;
        plan->stride[last] = stride;
    } else {
        plan->dim[plan->rank] = dim;
        plan->stride[plan->rank++] = stride;
    }
}

/* Sets the plan for items of a shape, and the shape to that of the results. */
static int make_plan(struct axes_plan *plan, const struct axes *axes, struct shape *shape, size_t size,
                     const char *name) {
    char text[SHAPE_TEXT];
    size_t stride[SHAPE_MAX_RANK], bytes = size;
    const struct shape item = *shape;
    if (axes->count != item.rank)
        return fail("%s: items have shape %s, wanted %zu axes, as many as --axes has, which are those of one item",
                    name, shape_text(&item, text), axes->count);
    for (size_t i = item.rank; i-- > 0;) {
        stride[i] = bytes;
        bytes *= item.dim[i];
    }
    *plan = (struct axes_plan){.rank = 1, .dim = {1}, .run = size};
    for (size_t i = 0; i < item.rank; i++) {
        shape->dim[i] = item.dim[axes->of[i]];
        if (shape->dim[i] > 1)
            add_axis(plan, shape->dim[i], stride[axes->of[i]]);
    }
    const size_t last = plan->rank - 1;
    if (last > 0 && plan->stride[last] == size) {
        plan->run *= plan->dim[last];
        plan->rank--;
    }
    while (plan->rank < 2)
        plan->dim[plan->rank++] = 1;
    return 0;
}

/* Copies the last two axes. `run` is plan->run; a constant one makes a fast loop. */
static inline unsigned char *copy_plane(const struct axes_plan *plan, size_t run, const unsigned char *from,
                                        unsigned char *to) {
    const size_t a = plan->rank - 2, b = plan->rank - 1, dim = plan->dim[b], stride = plan->stride[b];
    for (size_t i = 0; i < plan->dim[a]; i++, from += plan->stride[a])
        for (size_t j = 0; j < dim; j++, to += run)
            memcpy(to, from + j * stride, run);
    return to;
}

static unsigned char *copy(const struct axes_plan *plan, size_t axis, const unsigned char *from,
                           unsigned char *to) {
    if (axis < plan->rank - 2) {
        for (size_t i = 0; i < plan->dim[axis]; i++)
            to = copy(plan, axis + 1, from + i * plan->stride[axis], to);
        return to;
    }
    switch (plan->run) {
    case 1:
        return copy_plane(plan, 1, from, to);
    case 4:
        return copy_plane(plan, 4, from, to);
    case 8:
        return copy_plane(plan, 8, from, to);
    default:
        return copy_plane(plan, plan->run, from, to);
    }
}

int axes_buffer_create(struct axes_buffer *buffer, const struct axes *axes, struct shape *shape, size_t size,
                       const char *name) {
    const bool reorders = axes->count > 0;
    *buffer = (struct axes_buffer){.item = shape_elements(shape) * size};
    if (reorders && make_plan(&buffer->plan, axes, shape, size, name) < 0)
        return -1;
    const size_t unit = reorders ? buffer->item : size;
    buffer->bytes = unit < CHUNK ? CHUNK / unit * unit : unit;
    buffer->numbers = malloc(buffer->bytes);
    buffer->results = reorders ? malloc(buffer->bytes) : NULL;
    if (buffer->numbers == NULL || (reorders && buffer->results == NULL))
        return fail("%s: out of memory for items of %zu bytes", name, buffer->item);
    return 0;
}

const unsigned char *axes_reorder(const struct axes_buffer *buffer, size_t bytes) {
    if (buffer->results == NULL)
        return buffer->numbers;
    for (size_t at = 0; at < bytes; at += buffer->item)
        (void)copy(&buffer->plan, 0, buffer->numbers + at, buffer->results + at);
    return buffer->results;
}

void axes_buffer_free(struct axes_buffer *buffer) {
    free(buffer->numbers);
    free(buffer->results);
    buffer->numbers = buffer->results = NULL;
}
