/* SPDX-License-Identifier: MIT */
#include "stream/element_names.h"

#include "base/error.h"
#include "stream/side_file.h"

#include <stdlib.h>
#include <string.h>

static int append(struct element_names *n, const char *text, size_t length, const char *path) {
    if (n->capacity - n->used < length + 1) {
        const size_t capacity = 2 * n->capacity + SIDE_LINE_MAX;
        char *grown = realloc(n->text, capacity);
        if (grown == NULL)
            return fail("%s: out of memory after %zu bytes", path, n->used);
        n->text = grown;
        n->capacity = capacity;
    }
    memcpy(n->text + n->used, text, length);
    n->used += length;
    n->text[n->used++] = '\0';
    return 0;
}

static int load(struct element_names *n, struct side_reader *reader, size_t count, const char *each) {
    const char *text;
    size_t length;
    int more;
    for (size_t i = 0; i < count; i++) {
        if ((more = side_read(reader, &text, &length)) < 0)
            return -1;
        if (more == 0)
            return fail("%s: has %zu lines, wanted %zu, one per %s", reader->in.name, i, count, each);
        if (append(n, text, length, reader->in.name) < 0)
            return -1;
    }
    more = side_read(reader, &text, &length);
    return more <= 0
               ? more
               : fail("%s: has more than %zu lines, wanted as many, one per %s", reader->in.name, count, each);
}

int element_names_load(struct element_names *n, const char *path, size_t count, const char *each) {
    struct side_reader reader;
    *n = (struct element_names){.used = 0};
    if (side_reader_open(&reader, path) < 0)
        return -1;
    const int result = load(n, &reader, count, each);
    side_reader_close(&reader);
    if (result < 0)
        element_names_free(n);
    return result;
}

const char *element_names_next(const struct element_names *n, const char *name) {
    return name == NULL ? n->text : name + strlen(name) + 1;
}

void element_names_free(struct element_names *n) {
    free(n->text);
    *n = (struct element_names){.used = 0};
}
