#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include "base/io.h"

/* A file that appears whole or not at all: written beside its place as `.NAME.tmp`, synced, renamed, and the
 * directory synced. Until the rename, what stood there before stays as it was. */

struct atomic_file {
    struct output out; /* its name is the path as given */
    char *path;        /* where it will appear; a symbolic link is followed first */
    char *directory;   /* of path */
    char *temporary;   /* `.NAME.tmp` there; one left by a killed run is taken over */
};

/* Opens for writing with output_write(&file->out, ...). Refuses a place that holds something other than a
 * regular file or is a mount, and one that another process is writing. End with commit or abandon. */
int atomic_open(struct atomic_file *file, const char *path) __attribute__((warn_unused_result));

/* Puts it in its place. 0, or -1 with the old file untouched, unless the message says that the new one is in place;
 * or that it stays, whole, beside it. Frees what `file` holds in both cases. */
int atomic_commit(struct atomic_file *file) __attribute__((warn_unused_result));

/* Removes the temporary file and frees what `file` holds. */
void atomic_abandon(struct atomic_file *file);

/* True where whoever writes `path` so writes `other`: it is that place, or that of its temporary file. */
bool atomic_writes(const char *path, const char *other);

/* 0 where atomic_open would succeed now: asked before hours of work, not after. A temporary file of before stays.
 */
int atomic_check(const char *path) __attribute__((warn_unused_result));

#endif
