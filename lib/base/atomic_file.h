#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include "base/io.h"

/* A file that appears whole or not at all: it is written beside its place as `.NAME.tmp`, synced and renamed, and
 * its directory is synced. Until the rename, what stood there before stays as it was.
 *
 * From atomic_open until it is closed the place belongs to this process, however often the file is replaced. It
 * holds the lock of the temporary file; while that has just been renamed and the next one is not locked yet, it
 * holds that of the file in its place. Whoever opens the place tries both. */

struct atomic_file {
    struct output out; /* the temporary file; its name is the path as given; NULL: not open */
    char *path;        /* where the file will appear; a symbolic link is followed first */
    char *directory;   /* of path */
    char *temporary;   /* `.NAME.tmp` there */
    mode_t new_mode;   /* for a file that replaces none */
    bool begun;        /* the temporary file holds what this process writes */
};

/* Takes the place for this process and changes nothing there. Refuses one that holds something other than a regular
 * file or is a mount, one that another process is writing, one that only another user may replace, and one whose
 * temporary file is another user's. A temporary file of this user that a killed run has left is taken over. 0, or
 * -1 with nothing to be closed. */
int atomic_open(struct atomic_file *file, const char *path) __attribute__((warn_unused_result));

/* Empties the temporary file: write with output_write(&file->out, ...), then replace or commit. 0 or -1. */
int atomic_begin(struct atomic_file *file) __attribute__((warn_unused_result));

/* Empties it after a failed write, so that other files can have its room on the disk; the place stays this
 * process's. The message of the failure is kept. */
void atomic_clear(const struct atomic_file *file);

/* Puts what has been written in its place, and keeps the place for more, each after atomic_begin. 0, or -1 with the
 * file closed: the old one is untouched, unless the message says that the new one is in place; or that it stays,
 * whole, beside it. */
int atomic_replace(struct atomic_file *file) __attribute__((warn_unused_result));

/* The same for the last time: closes the file in both cases. */
int atomic_commit(struct atomic_file *file) __attribute__((warn_unused_result));

/* Removes what this process has written since atomic_begin, and closes the file. Does nothing to one that is
 * closed. */
void atomic_abandon(struct atomic_file *file);

/* True if another process has `path` open in this way. Whoever is to write there otherwise asks before it makes a
 * file, and again when it holds that file's lock, which keeps others from beginning. */
bool atomic_is_taken(const char *path);

/* True if a process that writes `path` in this way also writes `other`: it is the same place, or that of its
 * temporary file. */
bool atomic_writes(const char *path, const char *other);

#endif
