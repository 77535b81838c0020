/* SPDX-License-Identifier: MIT */
#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include "base/io.h"

/* A file that appears whole or not at all: it is written as `.NAME.tmp` in the same directory, synced and renamed,
 * and the directory is synced. Until the rename the old file is unchanged.
 *
 * From atomic_open until the file is closed, the place belongs to this process, however often the file is replaced:
 * the process holds the lock of the temporary file. Between a rename and the lock of the next temporary file, it
 * holds the lock of the file that was renamed. A process that opens the place tries to get both locks. */

struct atomic_file {
    struct output out; /* the temporary file; its name is the path as given; NULL: not open */
    char *path;        /* where the file will appear; a symbolic link is followed first */
    char *directory;   /* of path */
    char *temporary;   /* path of `.NAME.tmp` */
    mode_t new_mode;   /* for a file that replaces none */
    bool begun;        /* atomic_begin was called, and the file was not put in its place since */
};

/* Takes the place for this process; the file there is unchanged. Refuses a place that is not a regular file or that
 * is bind-mounted, that another process is writing, that only another user may replace, or whose temporary file
 * belongs to another user. A temporary file that a killed run of this user has left is used again. 0, or -1 with
 * nothing to be closed. */
int atomic_open(struct atomic_file *file, const char *path) __attribute__((warn_unused_result));

/* Empties the temporary file. Then write with output_write(&file->out, ...), and replace or commit. 0 or -1. */
int atomic_begin(struct atomic_file *file) __attribute__((warn_unused_result));

/* Empties the temporary file after a failed write, so that other files can use its disk space. The place still
 * belongs to this process, and the message of the failure is kept. */
void atomic_clear(const struct atomic_file *file);

/* Puts the temporary file in its place, and keeps the place, so that atomic_begin can start the next file. 0, or -1
 * with the file closed. After -1 the old file is unchanged, unless the message says that the new file is in place.
 * The message also says if the complete new file is left as `.NAME.tmp`. */
int atomic_replace(struct atomic_file *file) __attribute__((warn_unused_result));

/* The same for the last time: the file is closed in both cases. */
int atomic_commit(struct atomic_file *file) __attribute__((warn_unused_result));

/* Removes the temporary file if it was begun or is empty, and closes the file. Does nothing if it is closed
 * already. */
void atomic_abandon(struct atomic_file *file);

/* True if another process has `path` open in this way. A process that writes to `path` in another way calls this
 * before it creates the file, and again after it has locked the file: from then on atomic_open is refused. */
bool atomic_is_taken(const char *path);

/* True if a process that writes `path` in this way also writes `other`: the same place, or its temporary file. */
bool atomic_writes(const char *path, const char *other);

#endif
