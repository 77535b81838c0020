/* SPDX-License-Identifier: MIT */
#ifndef STREAM_TARGETS_H
#define STREAM_TARGETS_H

#include "stream/raw.h"

/* Targets, which are a number of each item of another stream, such as the solubility of a molecule: a stream of any
 * type, of shape 1; u8 are taken as they are. NaN stands for a target that is not known. A model with a head learns
 * to predict them. */
struct targets {
    struct raw_reader reader;
    bool there; /* false: there is no stream, and the functions below do nothing */
};

/* Opens the stream at `path`; NULL: there are no targets. 0 or -1; end with targets_close in both cases. */
int targets_open(struct targets *targets, const char *path) __attribute__((warn_unused_result));

/* Reads the next `count` targets to target [count], owned by the caller. `name` is that of the stream of items, for
 * the message. 0, or -1 if fewer targets are left, or if one is infinite or too large for a float. */
int targets_next(struct targets *targets, double *target, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Called after the last item: checks that no target is left. 0 or -1. */
int targets_finish(struct targets *targets, const char *name) __attribute__((warn_unused_result));

void targets_close(struct targets *targets);

/* Reads all targets of `count` items of the stream `name`. *target [count] is to be freed by the caller. 0 or -1.
 */
int targets_load(double **target, const char *path, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Returns the XXH64 of the targets as doubles. It does not depend on the type of the stream's numbers. */
uint64_t targets_digest(const double *target, size_t count);

#endif
