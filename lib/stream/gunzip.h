/* SPDX-License-Identifier: MIT */
#ifndef STREAM_GUNZIP_H
#define STREAM_GUNZIP_H

#include "base/io.h"

#include <stddef.h>

/* An input that is decompressed if it starts with gzip's magic and passed on if it does not. Several
 * gzip members that follow each other are one input, as for gzip(1); anything else after a member is refused. */
struct gunzip {
    struct input in;
    struct gunzip_state *state; /* owned */
};

/* Opens `path` (NULL or "-": stdin) and looks at its first bytes. */
int gunzip_open(struct gunzip *gz, const char *path) __attribute__((warn_unused_result));

/* Reads until `size` bytes are there or the data ends. Returns how many, -1 on error; truncated gzip data and
 * a wrong checksum are errors. */
ssize_t gunzip_read(struct gunzip *gz, void *buffer, size_t size) __attribute__((warn_unused_result));

void gunzip_close(struct gunzip *gz);

#endif
