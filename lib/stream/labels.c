/* SPDX-License-Identifier: MIT */
#include "stream/labels.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

#define CHUNK ((size_t)512) /* labels read at a time */

static int check_frame(const struct raw_reader *reader) {
    const struct raw_frame *frame = &reader->frame;
    char shape[SHAPE_TEXT];
    if (shape_elements(&frame->shape) != 1 || (frame->dtype != DTYPE_U8 && frame->dtype != DTYPE_I32))
        return fail("%s: items are %s of shape %s, wanted labels: u8 or i32 of shape 1", reader->in.name,
                    dtype_name(frame->dtype), shape_text(&frame->shape, shape));
    return 0;
}

int labels_open(struct labels *labels, const char *path, size_t classes) {
    labels->classes = classes;
    return item_numbers_open(&labels->numbers, path, "labels", check_frame);
}

void labels_close(struct labels *labels) {
    item_numbers_close(&labels->numbers);
}

/* Converts `count` numbers, the last ones read, to `label`. 0, or -1 if one is not below the number of classes. */
static int convert(const struct labels *labels, const double *number, size_t count, uint32_t *label) {
    const struct raw_reader *reader = &labels->numbers.reader;
    for (size_t i = 0; i < count; i++) {
        if (!(number[i] >= 0 && number[i] < (double)labels->classes))
            return fail("%s: label %" PRIu64 " is %.0f, wanted one from 0 to %zu", reader->in.name,
                        reader->items - count + i, number[i], labels->classes - 1);
        label[i] = (uint32_t)number[i];
    }
    return 0;
}

int labels_next(struct labels *labels, uint32_t *label, size_t count, const char *name) {
    double number[CHUNK];
    for (size_t done = 0; labels->numbers.there && done < count;) {
        const size_t some = smaller(CHUNK, count - done);
        if (item_numbers_next(&labels->numbers, number, some, name) < 0 ||
            convert(labels, number, some, label + done) < 0)
            return -1;
        done += some;
    }
    return 0;
}

int labels_finish(struct labels *labels, const char *name) {
    return item_numbers_finish(&labels->numbers, name);
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
