/* SPDX-License-Identifier: MIT */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include "stream/raw.h"

/* Labels: a stream of whole numbers from 0, u8 or i32, one for each item of another stream. They are what a model
 * is conditional on (model/model.h). */

#define LABELS_MAX_CLASSES 4096

struct labels {
    struct raw_reader reader;
    size_t classes; /* labels are below it; 0: there are none, and nothing is done below */
};

/* Opens `path`; NULL: there are none. 0 or -1. End with labels_close in both cases. */
int labels_open(struct labels *labels, const char *path, size_t classes) __attribute__((warn_unused_result));

/* The next `count` labels -> label [count]. -1 with a message also if there are fewer; `name` is the stream's
 * that they belong to. */
int labels_next(struct labels *labels, uint32_t *label, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* 0 if no label is left, as it must be after the last item, else -1. */
int labels_finish(struct labels *labels, const char *name) __attribute__((warn_unused_result));

void labels_close(struct labels *labels);

/* All labels of a stream of `count` items called `name`: label [count], to be freed. 0 or -1. */
int labels_load(uint32_t **label, const char *path, size_t classes, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* XXH64 of them, as little-endian words of 32 bits. */
uint64_t labels_digest(const uint32_t *label, size_t count);

/* One more than the largest. */
size_t labels_classes(const uint32_t *label, size_t count);

#endif
