/* SPDX-License-Identifier: MIT */
#include "base/file_lock.h"

#include "base/error.h"
#include "base/io.h"

#include <errno.h>
#include <sys/file.h>

bool file_is_at(int fd, const char *path) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && is_same_inode(&opened, &named);
}

enum file_lock file_lock(int fd, const char *path) {
    int result;
    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno == EWOULDBLOCK ? FILE_LOCK_OTHER : FILE_LOCK_ERROR;
    return file_is_at(fd, path) ? FILE_LOCK_HELD : FILE_LOCK_MOVED;
}

int file_lock_fail(const char *name) {
    return fail("%s: another process is writing it, wanted it for this one", name);
}
