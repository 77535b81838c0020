/* SPDX-License-Identifier: MIT */
#include "stream/shape.h"

#include "base/error.h"
#include "base/number.h"

#include <stdio.h>

size_t shape_elements(const struct shape *shape) {
    size_t n = 1;
    for (size_t i = 0; i < shape->rank; i++)
        n *= shape->dim[i];
    return n;
}

int shape_parse(struct shape *shape, const char *name, const char *text) {
    size_t n = 1;
    if (parse_list(name, text, 'x', 1, SHAPE_MAX_ELEMENTS, SHAPE_MAX_RANK, shape->dim, &shape->rank) < 0)
        return -1;
    for (size_t i = 0; i < shape->rank; i++)
        if (!multiply(n, shape->dim[i], &n) || n > SHAPE_MAX_ELEMENTS)
            return fail("%s: items of shape '%s' are too large, wanted at most %zu elements", name, text,
                        SHAPE_MAX_ELEMENTS);
    return 0;
}

const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]) {
    size_t used = 0;
    for (size_t i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%zu", i == 0 ? "" : "x", shape->dim[i]);
    return text;
}

bool shape_equal(const struct shape *a, const struct shape *b) {
    if (a->rank != b->rank)
        return false;
    for (size_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

struct shape shape_vector(size_t length) {
    return (struct shape){.rank = 1, .dim = {length}};
}
