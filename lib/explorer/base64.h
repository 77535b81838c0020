/* SPDX-License-Identifier: MIT */
#ifndef EXPLORER_BASE64_H
#define EXPLORER_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes bytes as base64 (RFC 4648, section 4), in as many calls as they come in. */
struct base64 {
    FILE *out;
    unsigned char waiting[3]; /* bytes that do not make a group yet */
    size_t count;             /* of these */
};

void base64_put(struct base64 *b, const void *data, size_t size);

/* Writes the last group, with padding. */
void base64_finish(struct base64 *b);

#endif
