/* SPDX-License-Identifier: MIT */
#ifndef BASE_FILE_LOCK_H
#define BASE_FILE_LOCK_H

#include <stdbool.h>

/* Locks, so that two processes never write the same file. A lock belongs to the open file: it is released when the
 * file is closed or the process ends. */

enum file_lock {
    FILE_LOCK_ERROR = -1, /* the call failed, with errno */
    FILE_LOCK_HELD,       /* this process has the lock */
    FILE_LOCK_OTHER,      /* another process has the lock */
    FILE_LOCK_MOVED, /* this process has it, but another file is at `path` now, or none: close and open again */
};

/* Tries to lock the file that was opened at `path`, without waiting. */
enum file_lock file_lock(int fd, const char *path) __attribute__((warn_unused_result));

/* True if the open file is still the one at `path`. */
bool file_is_at(int fd, const char *path);

/* Sets the message for FILE_LOCK_OTHER, which begins with `name`. Returns -1. */
int file_lock_fail(const char *name);

#endif
