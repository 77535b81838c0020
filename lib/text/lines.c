/* SPDX-License-Identifier: MIT */
#include "text/lines.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Reads more of the input after the bytes from `at` on, which move to the buffer's beginning. 0 or -1. */
static int refill(struct lines *l) {
    memmove(l->buffer, l->buffer + l->at, l->have - l->at);
    l->have -= l->at;
    l->at = 0;
    const ssize_t n = gunzip_read(&l->gz, l->buffer + l->have, LINES_MAX - l->have);
    if (n < 0)
        return -1;
    l->ended = (size_t)n < LINES_MAX - l->have;
    l->have += (size_t)n;
    return 0;
}

int lines_open(struct lines *l, const char *path) {
    *l = (struct lines){.count = 0};
    if (gunzip_open(&l->gz, path) < 0)
        return -1;
    l->buffer = malloc(LINES_MAX + 1);
    if (l->buffer == NULL)
        (void)fail("%s: out of memory for its lines", l->gz.in.name);
    else if (refill(l) == 0)
        return 0;
    lines_close(l);
    return -1;
}

/* Sets the line that begins at `at`; `skip` is the bytes of its end. */
static int set_line(struct lines *l, size_t length, size_t skip, const char **text, size_t *wanted) {
    char *line = l->buffer + l->at;
    l->count++;
    l->at += length + skip;
    l->without_end = skip == 0;
    if (memchr(line, '\0', length) != NULL)
        return fail("%s: line %" PRIu64 ": found a byte of value 0, wanted text", l->gz.in.name, l->count);
    *wanted = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    line[*wanted] = '\0';
    *text = line;
    return 1;
}

int lines_next(struct lines *l, const char **text, size_t *length) {
    for (;;) {
        const size_t there = l->have - l->at;
        const char *end = memchr(l->buffer + l->at, '\n', there);
        if (end != NULL)
            return set_line(l, (size_t)(end - (l->buffer + l->at)), 1, text, length);
        if (l->ended)
            return there == 0 ? 0 : set_line(l, there, 0, text, length);
        if (there == LINES_MAX)
            return fail("%s: line %" PRIu64 ": has more than %zu bytes, wanted fewer", l->gz.in.name, l->count + 1,
                        LINES_MAX - 1);
        if (refill(l) < 0)
            return -1;
    }
}

int lines_rewind(struct lines *l) {
    l->at = l->have = 0;
    l->count = 0;
    return gunzip_rewind(&l->gz) < 0 ? -1 : refill(l);
}

void lines_close(struct lines *l) {
    if (l->gz.state == NULL)
        return;
    gunzip_close(&l->gz);
    free(l->buffer);
    l->buffer = NULL;
}
