/* SPDX-License-Identifier: MIT */
#ifndef STREAM_FOREIGN_H
#define STREAM_FOREIGN_H

#include <stddef.h>

/* File formats, recognized by a file's first bytes, so that a message can name a file that was given by mistake. */
struct foreign {
    const char *magic;  /* NULL: recognized by a function */
    size_t length;      /* bytes of the magic, which may contain 0 */
    const char *name;   /* "a PNG picture" */
    const char *advice; /* how to make a stream of such a file; NULL: no advice is true of all such files */
};

#define FOREIGN_BYTES 64 /* bytes that are enough to recognize a format */

/* The format of a file by its first `size` bytes, at least FOREIGN_BYTES or the whole file; NULL: not known. Text
 * of no other format counts as a format. */
const struct foreign *foreign_find(const void *start, size_t size);

/* Refuses the file `name` by its first bytes: the message has its format and `wanted`. -1, or 0 if the format is
 * not known. */
int foreign_refuse(const char *name, const void *start, size_t size, const char *wanted);

#endif
