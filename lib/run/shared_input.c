/* SPDX-License-Identifier: MIT */
#include "run/shared_input.h"

#include "base/error.h"
#include "base/ranks.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST ((size_t)1 << 20) /* bytes */

/* Reads the whole file into memory that grows. 0 or -1. */
static int read_whole(struct shared_input *s, const char *path, uint64_t *size) {
    struct input in;
    if (input_open(&in, path) < 0)
        return -1;
    ssize_t n = 1;
    for (size_t room = FIRST; n > 0; room *= 2) {
        unsigned char *grown = realloc(s->owned, room);
        if (grown == NULL) {
            n = fail("%s: out of memory after %zu bytes", path, (size_t)*size);
            break;
        }
        s->owned = grown;
        n = input_read(&in, grown + *size, room - *size);
        *size += n > 0 ? (size_t)n : 0;
    }
    input_close(&in);
    return n < 0 ? -1 : 0;
}

/* Makes room for the file that rank 0 has read. 0 or -1. */
static int make_room(struct shared_input *s, const char *path, uint64_t size) {
    s->owned = malloc(size + 1);
    return s->owned == NULL ? fail("%s: out of memory for %zu bytes", path, (size_t)size) : 0;
}

int shared_input_open(struct shared_input *s, const char *path) {
    uint64_t size = 0;
    *s = (struct shared_input){.in.fd = -1};
    if (ranks_count() == 1)
        return input_open(&s->in, path);
    const bool has = ranks_self() == 0;
    if (ranks_agree(has ? read_whole(s, path, &size) : 0) < 0)
        return -1;
    ranks_share(&size, sizeof size);
    if (ranks_agree(has ? 0 : make_room(s, path, size)) < 0)
        return -1;
    ranks_share(s->owned, size);
    s->bytes = (struct input_bytes){s->owned, size};
    input_from(&s->in, &s->bytes, path);
    return 0;
}

void shared_input_close(struct shared_input *s) {
    input_close(&s->in);
    free(s->owned);
}
