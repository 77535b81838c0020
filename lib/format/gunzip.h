/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_GUNZIP_H
#define FORMAT_GUNZIP_H

#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>

/* An input that is decompressed if it starts with gzip's magic number, and otherwise read as it is. Several
 * gzip members that follow each other are one input, as for gzip(1); other data after a member is refused. */
struct gunzip {
    struct input in;
    struct gunzip_state *state; /* owned */
    long long beginning;        /* of the input in its file; -1: it has none */
};

/* Opens `path` (NULL or "-": stdin) and reads its first bytes. 0, or -1 with nothing to be closed. */
int gunzip_open(struct gunzip *gz, const char *path) __attribute__((warn_unused_result));

/* Reads `size` bytes, or fewer if the data ends before. Returns the number of bytes, or -1 on error; truncated gzip
 * data and a wrong checksum are errors. */
ssize_t gunzip_read(struct gunzip *gz, void *buffer, size_t size) __attribute__((warn_unused_result));

/* True if the input is compressed. */
bool gunzip_is_compressed(const struct gunzip *gz);

/* Goes back to the beginning of a regular file. 0 or -1. */
int gunzip_rewind(struct gunzip *gz) __attribute__((warn_unused_result));

void gunzip_close(struct gunzip *gz);

#endif
