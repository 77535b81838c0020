/* SPDX-License-Identifier: MIT */
#ifndef STREAM_LABELS_H
#define STREAM_LABELS_H

#include "stream/item_numbers.h"

/* Labels, which say of what class each item of another stream is: a stream of whole numbers from 0, u8 or i32 of
 * shape 1. A conditional model learns them with the items. */

#define LABELS_MAX_CLASSES 4096

struct labels {
    struct item_numbers numbers;
    size_t classes; /* each label is below this */
};

/* Opens the stream at `path`; NULL: there are no labels. 0 or -1; end with labels_close in both cases. */
int labels_open(struct labels *labels, const char *path, size_t classes) __attribute__((warn_unused_result));

/* Reads the next `count` labels to label [count], owned by the caller. `name` is that of the stream of items, for
 * the message. 0, or -1 if fewer labels are left or one is not below `classes`. */
int labels_next(struct labels *labels, uint32_t *label, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Called after the last item: checks that no label is left. 0 or -1. */
int labels_finish(struct labels *labels, const char *name) __attribute__((warn_unused_result));

void labels_close(struct labels *labels);

/* Reads all labels of `count` items of the stream `name`. *label [count] is to be freed by the caller. 0 or -1. */
int labels_load(uint32_t **label, const char *path, size_t classes, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Returns the XXH64 of the labels as little-endian words of 32 bits. */
uint64_t labels_digest(const uint32_t *label, size_t count);

/* Returns the number of classes, which is one more than the largest label. */
size_t labels_classes(const uint32_t *label, size_t count);

#endif
