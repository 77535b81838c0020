/* SPDX-License-Identifier: MIT */
#include "stream/item_numbers.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>

#define CHUNK ((size_t)256) /* numbers read at a time */

int item_numbers_open(struct item_numbers *n, const char *path, const char *what,
                      int (*check)(const struct raw_reader *reader)) {
    *n = (struct item_numbers){.reader = {.in = {.fd = -1}}, .what = what, .there = path != NULL};
    if (path == NULL)
        return 0;
    return raw_open(&n->reader, path) < 0 || check(&n->reader) < 0 || raw_next(&n->reader) < 0 ? -1 : 0;
}

void item_numbers_close(struct item_numbers *n) {
    if (n->there)
        raw_close(&n->reader);
}

/* Reads up to `count` numbers, also across frames. Returns how many; 0: none is left; -1 with a message. */
static ssize_t read_some(struct item_numbers *n, double *number, size_t count) {
    unsigned char raw[CHUNK * sizeof(double)];
    const enum dtype dtype = n->reader.frame.dtype;
    for (;;) {
        const ssize_t some = raw_read(&n->reader, raw, smaller(count, CHUNK));
        for (ssize_t i = 0; i < some; i++)
            number[i] = dtype_value(dtype, raw + (size_t)i * dtype_size(dtype));
        if (some != 0)
            return some;
        const int more = raw_next(&n->reader);
        if (more <= 0)
            return more;
    }
}

int item_numbers_next(struct item_numbers *n, double *number, size_t count, const char *name) {
    for (size_t done = 0; n->there && done < count;) {
        const ssize_t some = read_some(n, number + done, count - done);
        if (some == 0)
            return fail("%s: ends after %" PRIu64 " %s, wanted one for each item of %s", n->reader.in.name,
                        n->reader.items, n->what, name);
        if (some < 0)
            return -1;
        done += (size_t)some;
    }
    return 0;
}

int item_numbers_finish(struct item_numbers *n, const char *name) {
    const uint64_t items = n->reader.items;
    double number;
    const ssize_t some = n->there ? read_some(n, &number, 1) : 0;
    if (some > 0)
        return fail("%s: has more %s than %" PRIu64 ", wanted one for each item of %s", n->reader.in.name, n->what,
                    items, name);
    return (int)some;
}
