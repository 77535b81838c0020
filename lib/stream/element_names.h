/* SPDX-License-Identifier: MIT */
#ifndef STREAM_ELEMENT_NAMES_H
#define STREAM_ELEMENT_NAMES_H

#include <stddef.h>

/* The names of an item's elements, or of labels, from a side file with one line for each, all in memory. */
struct element_names {
    char *text; /* owned: the names in their order, each terminated by 0 */
    size_t used, capacity;
};

/* Reads `count` names; `each` says of what for messages, such as "element". 0, or -1 with nothing to be freed, also
 * if there are fewer or more. */
int element_names_load(struct element_names *names, const char *path, size_t count, const char *each)
    __attribute__((warn_unused_result));

/* Returns the name that follows `name`; NULL: the first one. */
const char *element_names_next(const struct element_names *names, const char *name);

void element_names_free(struct element_names *names);

#endif
