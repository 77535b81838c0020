/* SPDX-License-Identifier: MIT */
#include "explorer/base64.h"

/* Writes the group of `waiting`, whose bytes from `count` on are 0. */
static void put_group(struct base64 *b) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned bits = (unsigned)b->waiting[0] << 16 | (unsigned)b->waiting[1] << 8 | b->waiting[2];
    char group[] = "====";
    for (size_t i = 0; i <= b->count; i++)
        group[i] = digit[bits >> (18 - 6 * i) & 63];
    fputs(group, b->out);
    b->count = 0;
}

void base64_put(struct base64 *b, const void *data, size_t size) {
    const unsigned char *byte = data;
    for (size_t i = 0; i < size; i++) {
        b->waiting[b->count++] = byte[i];
        if (b->count == sizeof b->waiting)
            put_group(b);
    }
}

void base64_finish(struct base64 *b) {
    for (size_t i = b->count; i < sizeof b->waiting; i++)
        b->waiting[i] = 0;
    if (b->count > 0)
        put_group(b);
}
