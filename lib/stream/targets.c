/* SPDX-License-Identifier: MIT */
#include "stream/targets.h"

#include "base/error.h"
#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#define CHUNK 1024 /* targets read at a time */

static int check_frame(const struct raw_reader *reader) {
    char shape[SHAPE_TEXT];
    return shape_elements(&reader->frame.shape) == 1
               ? 0
               : fail("%s: items have shape %s, wanted targets: one number per item", reader->in.name,
                      shape_text(&reader->frame.shape, shape));
}

int targets_open(struct targets *t, const char *path) {
    *t = (struct targets){.reader = {.in = {.fd = -1}}, .there = path != NULL};
    if (path == NULL)
        return 0;
    if (raw_open(&t->reader, path) < 0)
        return -1;
    return check_frame(&t->reader) < 0 || raw_next(&t->reader) < 0 ? -1 : 0;
}

void targets_close(struct targets *t) {
    if (t->there)
        raw_close(&t->reader);
}

/* Converts `count` raw numbers to `target`. All NaN become the same one, for the digest. 0, or -1 if one is too
 * large. */
static int take(const struct targets *t, const unsigned char *raw, size_t count, double *target) {
    const struct raw_reader *reader = &t->reader;
    const size_t size = dtype_size(reader->frame.dtype);
    char text[REAL_TEXT];
    for (size_t i = 0; i < count; i++) {
        const double value = dtype_value(reader->frame.dtype, raw + i * size);
        if (fabs(value) > (double)FLT_MAX)
            return fail("%s: target %" PRIu64
                        " is %s, wanted a number from -3.4e38 to 3.4e38, or nan if it is not known",
                        reader->in.name, reader->items - count + i, real_text(value, text));
        target[i] = isnan(value) ? (double)NAN : value;
    }
    return 0;
}

/* Reads up to `count` targets, also across frames. Returns how many; 0: no target is left; -1 with a message. */
static ssize_t read_some(struct targets *t, double *target, size_t count) {
    unsigned char raw[CHUNK * sizeof(double)];
    for (;;) {
        const ssize_t n = raw_read(&t->reader, raw, count < CHUNK ? count : CHUNK);
        if (n != 0)
            return n < 0 || take(t, raw, (size_t)n, target) < 0 ? -1 : n;
        const int more = raw_next(&t->reader);
        if (more <= 0)
            return more;
    }
}

int targets_next(struct targets *t, double *target, size_t count, const char *name) {
    for (size_t done = 0; t->there && done < count;) {
        const ssize_t n = read_some(t, target + done, count - done);
        if (n == 0)
            return fail("%s: ends after %" PRIu64 " targets, wanted one for each item of %s", t->reader.in.name,
                        t->reader.items, name);
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

int targets_finish(struct targets *t, const char *name) {
    const uint64_t items = t->reader.items;
    double target;
    const ssize_t n = t->there ? read_some(t, &target, 1) : 0;
    if (n > 0)
        return fail("%s: has more targets than %" PRIu64 ", wanted one for each item of %s", t->reader.in.name,
                    items, name);
    return (int)n;
}

int targets_load(double **target, const char *path, size_t count, const char *name) {
    struct targets targets;
    *target = malloc(count * sizeof **target);
    if (*target == NULL)
        return fail("%s: out of memory for %zu targets", path, count);
    int result = targets_open(&targets, path);
    if (result == 0)
        result = targets_next(&targets, *target, count, name);
    if (result == 0)
        result = targets_finish(&targets, name);
    targets_close(&targets);
    return result;
}

uint64_t targets_digest(const double *target, size_t count) {
    return XXH64(target, count * sizeof *target, 0);
}
