/* SPDX-License-Identifier: MIT */
#include "stream/labels.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

#define CHUNK 1024 /* labels read at a time */

static int check_frame(const struct raw_reader *reader) {
    const struct raw_frame *frame = &reader->frame;
    char shape[SHAPE_TEXT];
    if (shape_elements(&frame->shape) != 1 || (frame->dtype != DTYPE_U8 && frame->dtype != DTYPE_I32))
        return fail("%s: items are %s of shape %s, wanted labels: u8 or i32 of shape 1", reader->in.name,
                    dtype_name(frame->dtype), shape_text(&frame->shape, shape));
    return 0;
}

int labels_open(struct labels *labels, const char *path, size_t classes) {
    *labels = (struct labels){.reader = {.in = {.fd = -1}}};
    if (path == NULL)
        return 0;
    labels->classes = classes;
    if (raw_open(&labels->reader, path) < 0)
        return -1;
    return check_frame(&labels->reader) < 0 || raw_next(&labels->reader) < 0 ? -1 : 0;
}

void labels_close(struct labels *labels) {
    if (labels->classes > 0)
        raw_close(&labels->reader);
}

/* Converts `count` raw labels to `label`. 0, or -1 if one is not below the number of classes. */
static int take(const struct labels *labels, const unsigned char *raw, size_t count, uint32_t *label) {
    const struct raw_reader *reader = &labels->reader;
    for (size_t i = 0; i < count; i++) {
        const double value = dtype_value(reader->frame.dtype, raw + i * raw_item_bytes(&reader->frame));
        if (!(value >= 0 && value < (double)labels->classes))
            return fail("%s: label %" PRIu64 " is %.0f, wanted one from 0 to %zu", reader->in.name,
                        reader->items - count + i, value, labels->classes - 1);
        label[i] = (uint32_t)value;
    }
    return 0;
}

/* Reads up to `count` labels, also across frames. Returns how many; 0: no label is left; -1 with a message. */
static ssize_t read_some(struct labels *labels, uint32_t *label, size_t count) {
    unsigned char raw[CHUNK * sizeof(int32_t)];
    for (;;) {
        const ssize_t n = raw_read(&labels->reader, raw, count < CHUNK ? count : CHUNK);
        if (n != 0)
            return n < 0 || take(labels, raw, (size_t)n, label) < 0 ? -1 : n;
        const int more = raw_next(&labels->reader);
        if (more <= 0)
            return more;
    }
}

int labels_next(struct labels *labels, uint32_t *label, size_t count, const char *name) {
    for (size_t done = 0; labels->classes > 0 && done < count;) {
        const ssize_t n = read_some(labels, label + done, count - done);
        if (n == 0)
            return fail("%s: ends after %" PRIu64 " labels, wanted one for each item of %s", labels->reader.in.name,
                        labels->reader.items, name);
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

int labels_finish(struct labels *labels, const char *name) {
    const uint64_t items = labels->reader.items;
    uint32_t label;
    const ssize_t n = labels->classes == 0 ? 0 : read_some(labels, &label, 1);
    if (n > 0)
        return fail("%s: has more labels than %" PRIu64 ", wanted one for each item of %s", labels->reader.in.name,
                    items, name);
    return (int)n;
}

int labels_load(uint32_t **label, const char *path, size_t classes, size_t count, const char *name) {
    struct labels labels;
    *label = malloc(count * sizeof **label);
    if (*label == NULL)
        return fail("%s: out of memory for %zu labels", path, count);
    int result = labels_open(&labels, path, classes);
    if (result == 0)
        result = labels_next(&labels, *label, count, name);
    if (result == 0)
        result = labels_finish(&labels, name);
    labels_close(&labels);
    return result;
}

uint64_t labels_digest(const uint32_t *label, size_t count) {
    return XXH64(label, count * sizeof *label, 0);
}

size_t labels_classes(const uint32_t *label, size_t count) {
    uint32_t max = 0;
    for (size_t i = 0; i < count; i++)
        max = label[i] > max ? label[i] : max;
    return (size_t)max + 1;
}
