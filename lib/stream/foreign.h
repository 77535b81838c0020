#ifndef STREAM_FOREIGN_H
#define STREAM_FOREIGN_H

#include <stddef.h>

/* Formats of other programs, told by a file's first bytes, so that a message can say what was given by mistake. */
struct foreign {
    const char *magic;
    size_t length;      /* bytes of the magic, which may hold 0 */
    const char *name;   /* "a PNG picture" */
    const char *advice; /* how a stream is made of it; NULL: nothing that is true of all such files */
};

#define FOREIGN_BYTES 64 /* of a file's beginning, enough to tell its format */

/* The format of a file that begins with these bytes, FOREIGN_BYTES of them or the whole file; NULL: none that is
 * known. Text that is of no other format is one, too. */
const struct foreign *foreign_find(const void *start, size_t size);

/* Fails with what a file called `name` looks like, beginning with these bytes, if it is known, and `wanted`; 0: it
 * is not known. */
int foreign_refuse(const char *name, const void *start, size_t size, const char *wanted);

#endif
