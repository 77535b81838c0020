#ifndef BASE_FILE_LOCK_H
#define BASE_FILE_LOCK_H

#include <stdbool.h>

/* Locks that keep two processes from writing one file. The lock belongs to the open file: closing it, or the end of
 * the process, releases it. */

enum file_lock {
    FILE_LOCK_ERROR = -1, /* errno says why */
    FILE_LOCK_HELD,       /* by this process, from now on */
    FILE_LOCK_OTHER,      /* another process holds it, or has locked the file for itself */
    FILE_LOCK_MOVED,      /* locked, but the file is not at `path` any more: to be closed and opened again */
};

/* Tries to lock the open file, opened at `path`, without waiting. */
enum file_lock file_lock(int fd, const char *path) __attribute__((warn_unused_result));

/* Whether the open file is still the one at `path`. */
bool file_is_at(int fd, const char *path);

/* The message for FILE_LOCK_OTHER. Returns -1. */
int file_lock_fail(const char *name);

#endif
