/* SPDX-License-Identifier: MIT */
#include "stream/side_file.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int side_check_input(const char *path, const char *input) {
    return is_same_place(path, input == NULL ? "-" : input)
               ? fail("%s: is the input, too, wanted another file", path)
               : 0;
}

#define PIPE_BYTES 4096 /* that every pipe holds */

bool side_is_pipe(const char *path) {
    struct stat status;
    return path != NULL && stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

int side_writer_open(struct side_writer *w, const char *path, const char *input) {
    *w = (struct side_writer){.buffer = malloc(2 * SIDE_LINE_MAX), .is_pipe = side_is_pipe(path)};
    if (w->buffer == NULL)
        return fail("%s: out of memory for its lines", path);
    if (output_create(&w->out, path, input) == 0)
        return 0;
    free(w->buffer);
    w->buffer = NULL;
    return -1;
}

bool side_fits(const struct side_writer *w, size_t length) {
    return !w->is_pipe || w->used == 0 || w->used + length + 1 <= PIPE_BYTES;
}

int side_flush(struct side_writer *w) {
    const size_t used = w->used;
    w->used = 0;
    return output_write(&w->out, w->buffer, used);
}

int side_write(struct side_writer *w, const char *text, size_t length, const char *subject) {
    if (memchr(text, '\n', length) != NULL || memchr(text, '\r', length) != NULL)
        return fail("%s: has a line end in it, wanted one line for %s", subject, w->out.name);
    if (length >= SIDE_LINE_MAX)
        return fail("%s: has %zu bytes, wanted fewer than %zu for %s", subject, length, SIDE_LINE_MAX, w->out.name);
    if (w->used + length + 1 > 2 * SIDE_LINE_MAX && side_flush(w) < 0)
        return -1;
    memcpy(w->buffer + w->used, text, length);
    w->used += length;
    w->buffer[w->used++] = '\n';
    return 0;
}

int side_writer_close(struct side_writer *w) {
    int result = side_flush(w);
    if (close(w->out.fd) < 0 && result == 0)
        result = fail_system(w->out.name, "cannot close");
    free(w->buffer);
    w->buffer = NULL;
    return result;
}

void side_writer_abandon(struct side_writer *w) {
    if (w->buffer == NULL)
        return;
    close(w->out.fd);
    free(w->buffer);
    w->buffer = NULL;
}

int side_reader_open(struct side_reader *r, const char *path) {
    *r = (struct side_reader){.in = {.fd = -1}};
    if (input_open(&r->in, path) < 0)
        return -1;
    r->buffer = malloc(SIDE_LINE_MAX);
    if (r->buffer != NULL)
        return 0;
    input_close(&r->in);
    return fail("%s: out of memory for its lines", path);
}

/* Sets the line that begins at `at` and has `length` bytes; it is followed by `skip` bytes of its end. */
static int set_line(struct side_reader *r, size_t length, size_t skip, const char **text, size_t *wanted) {
    *text = r->buffer + r->at;
    *wanted = length > 0 && (*text)[length - 1] == '\r' ? length - 1 : length;
    r->at += length + skip;
    r->lines++;
    if (memchr(*text, '\0', length) != NULL)
        return fail("%s: line %" PRIu64 ": found a byte of value 0, wanted text", r->in.name, r->lines);
    return 1;
}

int side_read(struct side_reader *r, const char **text, size_t *length) {
    for (size_t seen = 0;;) {
        const char *line = r->buffer + r->at, *end = memchr(line + seen, '\n', r->have - r->at - seen);
        if (end != NULL)
            return set_line(r, (size_t)(end - line), 1, text, length);
        seen = r->have - r->at;
        if (seen == SIDE_LINE_MAX)
            return fail("%s: line %" PRIu64 ": has more than %zu bytes, wanted fewer", r->in.name, r->lines + 1,
                        SIDE_LINE_MAX - 1);
        memmove(r->buffer, line, seen);
        r->at = 0;
        r->have = seen;
        const ssize_t n = input_read_some(&r->in, r->buffer + seen, SIDE_LINE_MAX - seen);
        if (n < 0)
            return -1;
        if (n == 0)
            return seen == 0 ? 0 : set_line(r, seen, 0, text, length);
        r->have += (size_t)n;
    }
}

int side_next(struct side_reader *r, const char **text, size_t *length, const char *stream) {
    const int more = side_read(r, text, length);
    if (more == 0)
        return fail("%s: has %" PRIu64 " lines, and %s has more items, wanted one line per item", r->in.name,
                    r->lines, stream);
    return more < 0 ? -1 : 0;
}

int side_finish(struct side_reader *r, uint64_t items, const char *stream) {
    const char *text;
    size_t length;
    const int more = side_read(r, &text, &length);
    return more <= 0 ? more
                     : fail("%s: has more than %" PRIu64 " lines, wanted as many, one per item of %s", r->in.name,
                            items, stream);
}

void side_reader_close(struct side_reader *r) {
    if (r->buffer == NULL)
        return;
    input_close(&r->in);
    free(r->buffer);
    r->buffer = NULL;
}
