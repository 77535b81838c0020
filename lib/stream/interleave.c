/* SPDX-License-Identifier: MIT */
#include "stream/interleave.h"

#include "base/error.h"
#include "base/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 20) /* of the items that are written, if one is not larger */
#define READ_BYTES ((size_t)1 << 18)   /* of the items that are read from each stream */

/* Begins a frame for `items` items in memory. If all streams are in a last frame, this one is a last frame, too,
 * and takes the items that are still to come of them, unless headers claim more than a frame may have. */
static int begin_frame(struct interleave *z, size_t items) {
    const uint64_t most = (uint64_t)INT64_MAX / z->item_bytes - items;
    uint64_t left = 0;
    bool last = true;
    for (size_t i = 0; last && i < z->count; i++) {
        const struct interleave_source *s = &z->sources[i];
        const uint64_t own = s->have - s->at + s->reader.left / s->item_bytes;
        last = s->reader.frame.last && own <= most - left;
        left += own;
    }
    z->frame.items = z->promised = items + (last ? left : 0);
    z->frame.last = last;
    return raw_write_header(&z->out, &z->frame);
}

static int flush(struct interleave *z) {
    for (size_t done = 0; done < z->items;) {
        const size_t left = z->items - done;
        if (z->promised == 0 && begin_frame(z, left) < 0)
            return -1;
        const size_t some = left < z->promised ? left : (size_t)z->promised;
        if (raw_write(&z->out, z->buffer + done * z->item_bytes, some * z->item_bytes) < 0)
            return -1;
        z->promised -= some;
        done += some;
    }
    z->items = 0;
    return 0;
}

static int put(struct interleave *z, const struct interleave_source *s) {
    const unsigned char *item = s->items + s->at * s->item_bytes;
    if (z->items == z->capacity && flush(z) < 0)
        return -1;
    unsigned char *to = z->buffer + z->items++ * z->item_bytes;
    if (z->convert)
        dtype_to_float(s->reader.frame.dtype, item, (float *)(void *)to, z->elements);
    else
        memcpy(to, item, z->item_bytes);
    return 0;
}

/* Reads items. 1, 0 at the stream's end, or -1. What is in memory is written before the reader waits for a frame.
 */
static int refill(struct interleave *z, struct interleave_source *s) {
    while (!s->ended && s->reader.left == 0) {
        if (flush(z) < 0)
            return -1;
        const int more = raw_next(&s->reader);
        if (more < 0)
            return -1;
        s->ended = more == 0;
    }
    if (s->ended)
        return 0;
    const ssize_t n = raw_read(&s->reader, s->items, s->capacity);
    if (n < 0)
        return -1;
    s->at = 0;
    s->have = (size_t)n;
    progress_items(z->sources[0].reader.items, z->sources[0].reader.total);
    return 1;
}

/* Copies the next run of the stream. Returns how many items it has, or -1. */
static ssize_t copy_run(struct interleave *z, struct interleave_source *s) {
    for (size_t copied = 0; copied < z->run; copied++) {
        const int more = s->at < s->have ? 1 : refill(z, s);
        if (more <= 0)
            return more < 0 ? -1 : (ssize_t)copied;
        if (put(z, s) < 0)
            return -1;
        s->at++;
    }
    return (ssize_t)z->run;
}

/* Reads the streams to their ends, and tells the first one that has another number of items. Returns -1. */
static int refuse_lengths(struct interleave *z) {
    for (size_t i = 0; i < z->count; i++) {
        struct interleave_source *s = &z->sources[i];
        int more = s->ended ? 0 : 1;
        while (more == 1)
            more = raw_skip(&s->reader, s->reader.left) < 0 ? -1 : raw_next(&s->reader);
        if (more < 0)
            return -1;
    }
    const struct raw_reader *first = &z->sources[0].reader;
    size_t i = 1;
    while (z->sources[i].reader.items == first->items)
        i++;
    const struct raw_reader *other = &z->sources[i].reader;
    return fail("%s: holds %" PRIu64 " items, wanted %" PRIu64 " as in %s", other->in.name, other->items,
                first->items, first->in.name);
}

static int copy(struct interleave *z) {
    ssize_t first = 1;
    while (first > 0) {
        first = copy_run(z, &z->sources[0]);
        for (size_t i = 1; first >= 0 && i < z->count; i++) {
            const ssize_t n = copy_run(z, &z->sources[i]);
            if (n >= 0 && n != first)
                return refuse_lengths(z);
            if (n < 0)
                first = -1;
        }
    }
    if (first < 0 || flush(z) < 0)
        return -1;
    if (z->frame.last)
        return 0;
    z->frame.items = 0;
    z->frame.last = true;
    return raw_write_header(&z->out, &z->frame);
}

/* Opens a stream, which must have the shape of the first one. */
static int open_source(struct interleave *z, struct interleave_source *s, const char *path) {
    const struct raw_frame *first = &z->sources[0].reader.frame;
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (raw_open(&s->reader, path) < 0)
        return -1;
    z->opened++;
    if (!shape_equal(&s->reader.frame.shape, &first->shape))
        return fail("%s: items have shape %s, wanted %s as in %s", s->reader.in.name,
                    shape_text(&s->reader.frame.shape, found), shape_text(&first->shape, wanted),
                    z->sources[0].reader.in.name);
    s->item_bytes = raw_item_bytes(&s->reader.frame);
    s->capacity = s->item_bytes < READ_BYTES ? READ_BYTES / s->item_bytes : 1;
    z->convert = z->convert || s->reader.frame.dtype != first->dtype;
    return 0;
}

/* Allocates the memory for the items that are read, and those that are written. */
static int allocate(struct interleave *z) {
    size_t bytes = 0;
    for (size_t i = 0; i < z->count && bytes <= PTRDIFF_MAX; i++) /* a single one has at most 2^51 bytes */
        bytes += z->sources[i].capacity * z->sources[i].item_bytes;
    z->memory = bytes <= PTRDIFF_MAX ? malloc(bytes) : NULL;
    z->buffer = malloc(z->capacity * z->item_bytes);
    if (z->memory == NULL || z->buffer == NULL)
        return fail("stdout: out of memory for items of %zu bytes", z->item_bytes);
    bytes = 0;
    for (size_t i = 0; i < z->count; i++) {
        z->sources[i].items = z->memory + bytes;
        bytes += z->sources[i].capacity * z->sources[i].item_bytes;
    }
    return 0;
}

static int open_all(struct interleave *z) {
    for (size_t i = 0; i < z->count; i++)
        if (open_source(z, &z->sources[i], z->paths[i]) < 0)
            return -1;
    const struct raw_frame *first = &z->sources[0].reader.frame;
    z->frame = (struct raw_frame){.dtype = z->convert ? DTYPE_F32 : first->dtype, .shape = first->shape};
    z->elements = shape_elements(&first->shape);
    z->item_bytes = raw_item_bytes(&z->frame);
    z->capacity = z->item_bytes < BUFFER_BYTES ? BUFFER_BYTES / z->item_bytes : 1;
    return allocate(z);
}

static void close_all(struct interleave *z) {
    for (size_t i = 0; i < z->opened; i++)
        raw_close(&z->sources[i].reader);
    free(z->memory);
    free(z->buffer);
    free(z->sources);
}

int interleave_run(struct interleave *z) {
    if (raw_writer_start(&z->out) < 0)
        return -1;
    z->sources = calloc(z->count, sizeof *z->sources);
    if (z->sources == NULL)
        return fail("stdout: out of memory for %zu streams", z->count);
    const int result = open_all(z) < 0 || copy(z) < 0 ? -1 : raw_finish(&z->out);
    close_all(z);
    return result;
}
