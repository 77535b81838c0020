/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "format/npy.h"
#include "format/npy_header.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 16)

int npy_writer_start(struct npy_writer *w) {
    *w = (struct npy_writer){.temporary = -1};
    return output_standard(&w->out);
}

/* True if the header can be written last: to a regular file that is not opened for appending. */
static bool can_seek(struct npy_writer *w) {
    struct stat status;
    const int flags = fcntl(w->out.fd, F_GETFL);
    if (fstat(w->out.fd, &status) < 0 || !S_ISREG(status.st_mode) || flags < 0 || (flags & O_APPEND) != 0)
        return false;
    w->beginning = lseek(w->out.fd, 0, SEEK_CUR);
    return w->beginning >= 0;
}

/* Creates the temporary file, which has no name for longer than that takes. */
static int open_temporary(struct npy_writer *w) {
    char path[PATH_MAX];
    const char *directory = getenv("TMPDIR");
    w->spool = directory == NULL || *directory == '\0' ? "/tmp" : directory;
    const int length = snprintf(path, sizeof path, "%s/raw2npy.XXXXXX", w->spool);
    if (length < 0 || (size_t)length >= sizeof path)
        return fail("%s: the name of this directory (TMPDIR) is too long, wanted a shorter one", w->spool);
    w->temporary = mkstemp(path);
    if (w->temporary < 0)
        return fail_system(w->spool, "cannot create a temporary file in it (TMPDIR)");
    (void)unlink(path);
    return 0;
}

static int write_start(const struct npy_writer *w, const struct raw_frame *array) {
    char text[NPY_START];
    npy_format(array, text);
    return output_write(&w->out, text, sizeof text);
}

/* Chooses the mode when the first items are announced. */
static int begin(struct npy_writer *w, const struct raw_frame *frame) {
    static const char zeros[NPY_START];
    if (can_seek(w)) {
        w->mode = NPY_HEADER_LAST;
        return output_write(&w->out, zeros, sizeof zeros);
    }
    if (!frame->last) {
        w->mode = NPY_SPOOLED;
        return open_temporary(w);
    }
    w->mode = NPY_HEADER_FIRST;
    w->left = frame->items * raw_item_bytes(frame);
    return write_start(w, frame);
}

int npy_write_frame(struct npy_writer *w, const struct raw_frame *frame) {
    const uint64_t before = w->array.items;
    w->array = *frame;
    w->array.items += before;
    if (frame->items == 0)
        return 0;
    if (w->mode == NPY_BEFORE_ITEMS)
        return begin(w, frame);
    if (w->mode == NPY_HEADER_FIRST)
        return fail("%s: the header says %" PRIu64 " items, and the stream goes on after its last frame ('.') of "
                    "them, wanted a new file (> FILE), whose header is written at the end",
                    w->out.name, before);
    return 0;
}

int npy_write(struct npy_writer *w, const void *data, size_t bytes) {
    const struct output temporary = {.fd = w->temporary, .name = w->spool};
    if (w->mode != NPY_HEADER_FIRST)
        return output_write(w->mode == NPY_SPOOLED ? &temporary : &w->out, data, bytes);
    w->left -= bytes;
    if (w->left > 0)
        return output_write(&w->out, data, bytes);
    w->held = ((const unsigned char *)data)[bytes - 1];
    return output_write(&w->out, data, bytes - 1);
}

/* Writes the header before the items that are in the file. */
static int put_header(const struct npy_writer *w) {
    const off_t end = lseek(w->out.fd, 0, SEEK_CUR);
    if (end < 0 || lseek(w->out.fd, (off_t)w->beginning, SEEK_SET) < 0)
        return fail_system(w->out.name, "cannot seek");
    if (write_start(w, &w->array) < 0)
        return -1;
    return lseek(w->out.fd, end, SEEK_SET) < 0 ? fail_system(w->out.name, "cannot seek") : 0;
}

/* Writes the header and the items of the temporary file. */
static int copy_temporary(const struct npy_writer *w) {
    const struct input in = {.fd = w->temporary, .name = w->spool};
    unsigned char *chunk = malloc(CHUNK);
    ssize_t n;
    if (chunk == NULL)
        return fail("%s: out of memory for its numbers", w->out.name);
    int result = lseek(w->temporary, 0, SEEK_SET) < 0 ? fail_system(w->spool, "cannot seek in its temporary file")
                                                      : write_start(w, &w->array);
    while (result == 0 && (n = input_read(&in, chunk, CHUNK)) != 0)
        result = n < 0 ? -1 : output_write(&w->out, chunk, (size_t)n);
    free(chunk);
    return result;
}

int npy_finish(struct npy_writer *w) {
    switch (w->mode) {
    case NPY_HEADER_LAST:
        return put_header(w);
    case NPY_HEADER_FIRST:
        return output_write(&w->out, &w->held, 1);
    case NPY_SPOOLED:
        return copy_temporary(w);
    default:
        return write_start(w, &w->array);
    }
}

void npy_writer_close(struct npy_writer *w) {
    if (w->temporary >= 0)
        close(w->temporary);
    w->temporary = -1;
}
