/* SPDX-License-Identifier: MIT */
#ifndef STREAM_FOREIGN_H
#define STREAM_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* File formats, recognised by a file's first bytes, so that a message can name the format of a file that was given
 * by mistake. */
struct foreign {
    const char *magic;  /* NULL: recognised by a function */
    size_t length;      /* bytes of the magic, which may contain 0 */
    const char *name;   /* "a PNG picture" */
    const char *advice; /* how to make a stream of such a file; NULL: no advice is true of all such files */
    const char *netpbm; /* the program of netpbm that makes PNM pictures of such a file; NULL: none is known */
    const char *unpack; /* the command that unpacks such a file to a pipe; NULL: it is not packed */
};

#define FOREIGN_BYTES 64 /* bytes that are enough to recognise a format */

/* The format of a file that starts with these `size` bytes, at least FOREIGN_BYTES or the whole file. NULL: not
 * known. Text of no known format counts as a format, too. */
const struct foreign *foreign_find(const void *start, size_t size);

/* Refuses the file `name` if its first bytes have a known format: returns -1 with a message that has the format and
 * `wanted`. Returns 0 if the format is not known. */
int foreign_refuse(const char *name, const void *start, size_t size, const char *wanted);

/* True if bytes at the beginning of a file have a control character that text has not. */
bool foreign_is_binary(const void *start, size_t size);

#endif
