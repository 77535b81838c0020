/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/atomic_file.h"

#include "base/error.h"
#include "base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* After a rename the process locks the next temporary file. Another process may hold that lock for a moment, until
 * it finds that the place is taken. */
#define ATTEMPTS 30000
#define ATTEMPT_NANOSECONDS 1000000

static void release(struct atomic_file *file) {
    free(file->path);
    free(file->directory);
    free(file->temporary);
    *file = (struct atomic_file){0};
}

static int name_parts(struct atomic_file *file, const char *path) {
    file->path = realpath(path, NULL);
    if (file->path == NULL && errno == ENOENT)
        file->path = strdup(path);
    if (file->path == NULL)
        return fail_system(path, "cannot write");
    const char *slash = strrchr(file->path, '/');
    const char *name = slash == NULL ? file->path : slash + 1;
    size_t prefix = (size_t)(name - file->path);
    file->directory = prefix == 0 ? strdup(".") : strndup(file->path, prefix);
    if (file->directory == NULL || asprintf(&file->temporary, "%.*s.%s.tmp", (int)prefix, file->path, name) < 0 ||
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the caller frees what is in *file
        file->temporary == NULL)
        return fail("%s: out of memory for its name", path);
    return 0;
}

/* Why a rename may fail, besides modes and owners. An old kernel or C library does not tell: there the final rename
 * fails. */
struct obstacles {
    bool mounted; /* bind-mounted, as containers do with single files */
    bool kept;    /* immutable or append-only, see chattr(1) */
};

static struct obstacles obstacles_of(const char *path) {
#ifdef STATX_ATTR_MOUNT_ROOT
    struct statx status;
    if (statx(AT_FDCWD, path, 0, 0, &status) == 0)
        return (struct obstacles){.mounted = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
                                  .kept =
                                      (status.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0};
#else
    (void)path;
#endif
    return (struct obstacles){0};
}

/* 0, or -1 if no file can be put at `path`. */
static int check_place(const char *path) {
    struct stat status;
    const int found = stat(path, &status);
    if (found < 0 && errno != ENOENT) /* for example, a link that may not be followed */
        return fail_system(path, "cannot write");
    if (found == 0 && S_ISDIR(status.st_mode))
        return fail("%s: is a directory, wanted a file", path);
    if (found == 0 && !S_ISREG(status.st_mode))
        return fail("%s: is not a regular file, wanted one to replace or a new name", path);
    const struct obstacles obstacles = obstacles_of(path);
    if (obstacles.mounted)
        return fail("%s: is mounted by itself, so it cannot be replaced, wanted its directory mounted", path);
    if (obstacles.kept)
        return fail("%s: is immutable or append-only, so it cannot be replaced, wanted another name or "
                    "chattr -ia",
                    path);
    if (is_dangling_link(path))
        return fail("%s: is a symbolic link to nothing, wanted a file or a new name", path);
    return found < 0 ? check_directory_of(path) : 0;
}

/* 0, or -1 if the temporary file could not be created in the directory, or neither renamed nor removed. */
static int check_directory(const struct atomic_file *file) {
    return obstacles_of(file->directory).kept
               ? fail("%s: is in a directory that is immutable or append-only, wanted another one or chattr -ia",
                      file->out.name)
               : 0;
}

/* Gives the temporary file the mode of the file that it replaces. Until the rename its owner may write to it in any
 * case, so that the next run can open a temporary file that a killed run has left. */
static int copy_mode(const struct atomic_file *file, mode_t *mode) {
    struct stat status;
    *mode = stat(file->path, &status) == 0 ? status.st_mode & 07777 : file->new_mode;
    return fchmod(file->out.fd, *mode | S_IWUSR) < 0
               ? fail_system(file->out.name, "cannot set the mode of its temporary file")
               : 0;
}

/* Makes a temporary file of this user writable, for example one that was created under another umask. False if that
 * is not possible; errno is EACCES in both cases. */
static bool make_writable(const char *temporary) {
    struct stat status;
    const bool can = lstat(temporary, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
                     (status.st_mode & S_IWUSR) == 0 &&
                     fchmodat(AT_FDCWD, temporary, S_IRUSR | S_IWUSR, AT_SYMLINK_NOFOLLOW) == 0;
    errno = EACCES;
    return can;
}

/* Opens the temporary file, or creates it if there is none. The descriptor, or -1 with errno. */
static int open_file(const char *temporary, bool *is_new) {
    const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    for (;;) {
        int fd = open(temporary, flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
        *is_new = fd >= 0;
        if (fd >= 0 || errno != EEXIST)
            return fd;
        fd = open(temporary, flags);
        if (fd >= 0 || (errno != ENOENT && !(errno == EACCES && make_writable(temporary))))
            return fd;
    }
}

/* Whether another user owns the temporary file. That user could write to it after it has been renamed. */
static bool is_foreign(const char *temporary, int fd) {
    struct stat status;
    return (fd >= 0 ? fstat(fd, &status) : lstat(temporary, &status)) == 0 && status.st_uid != geteuid();
}

/* Whether the temporary file's name belongs to something that must not be emptied. `fd` is negative if it could not
 * be opened, as a link, a directory, or a pipe without a reader. */
static bool is_in_the_way(const char *temporary, int fd) {
    struct stat status;
    if (fd < 0)
        return lstat(temporary, &status) == 0 && !S_ISREG(status.st_mode);
    return fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1;
}

/* 0, or -1 if something else has the temporary file's name. */
static int check_temporary(const struct atomic_file *file) {
    return is_in_the_way(file->temporary, file->out.fd)
               ? fail("%s: %s is not a regular file or has a second name, wanted a temporary file", file->out.name,
                      file->temporary)
               : 0;
}

/* Opens the temporary file and tries to lock it. There is a message for FILE_LOCK_ERROR and FILE_LOCK_OTHER. */
static enum file_lock try_temporary(struct atomic_file *file) {
    const char *name = file->out.name;
    bool is_new;
    const int fd = file->out.fd = open_file(file->temporary, &is_new), reason = errno;
    if (!is_new && is_foreign(file->temporary, fd)) {
        (void)fail("%s: %s belongs to another user, wanted one's own or none", name, file->temporary);
        return FILE_LOCK_OTHER;
    }
    if (fd < 0 && check_temporary(file) < 0)
        return FILE_LOCK_ERROR;
    errno = reason;
    if (fd < 0)
        return fail_system(name, "cannot create its temporary file");
    const enum file_lock lock = file_lock(fd, file->temporary);
    if (lock == FILE_LOCK_OTHER)
        (void)file_lock_fail(name);
    if (lock == FILE_LOCK_ERROR)
        return fail_system(name, "cannot lock its temporary file");
    return lock == FILE_LOCK_HELD && check_temporary(file) < 0 ? FILE_LOCK_ERROR : lock;
}

/* The same, up to `attempts` times while another process has the lock. 0 or -1. */
static int take_temporary(struct atomic_file *file, int attempts) {
    for (;;) {
        const enum file_lock lock = try_temporary(file);
        if (lock == FILE_LOCK_HELD)
            return 0;
        if (file->out.fd >= 0)
            close(file->out.fd);
        file->out.fd = -1;
        if (lock == FILE_LOCK_ERROR || (lock == FILE_LOCK_OTHER && --attempts <= 0))
            return -1;
        if (lock == FILE_LOCK_OTHER)
            nanosleep(&(struct timespec){.tv_nsec = ATTEMPT_NANOSECONDS}, NULL);
    }
}

/* Refuses a place whose file another process has locked: that process has just renamed it, and has not locked its
 * next temporary file yet. */
static int check_current(const struct atomic_file *file) {
    int fd = open(file->path, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* NFS locks only files that are open for writing */
    if (fd < 0 && errno != ENOENT)
        fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail_system(file->out.name, "cannot open the file in its place");
    int result = 0;
    const enum file_lock lock = file_lock(fd, file->path);
    if (lock == FILE_LOCK_OTHER)
        result = file_lock_fail(file->out.name);
    if (lock == FILE_LOCK_ERROR)
        result = fail_system(file->out.name, "cannot lock the file in its place");
    close(fd);
    return result;
}

/* In a directory with the sticky bit, such as /tmp, a file may be replaced only by its owner, by the directory's
 * owner, or by a process that has the capability to act as its owner. Such a process may also open it with
 * O_NOATIME. */
static int check_sticky(const struct atomic_file *file) {
    struct stat directory;
    if (stat(file->directory, &directory) < 0 || (directory.st_mode & S_ISVTX) == 0 ||
        directory.st_uid == geteuid())
        return 0;
    const int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
    if (fd < 0 && errno == EPERM)
        return fail(
            "%s: belongs to another user, and only its owner may replace it in this directory, wanted another name",
            file->out.name);
    if (fd >= 0)
        close(fd);
    return 0;
}

/* Removes the temporary file, unless it was removed or moved: its name may then belong to the file of another run.
 */
static void remove_temporary(const struct atomic_file *file) {
    if (file_is_at(file->out.fd, file->temporary))
        unlink(file->temporary);
}

static bool holds_nothing(const struct atomic_file *file) {
    struct stat status;
    return fstat(file->out.fd, &status) == 0 && status.st_size == 0;
}

void atomic_abandon(struct atomic_file *file) {
    if (file->out.name != NULL && file->out.fd >= 0) {
        /* A temporary file of an earlier run stays if it is not empty: that run may have been unable to rename it.
         */
        if (file->begun || holds_nothing(file))
            remove_temporary(file);
        close(file->out.fd);
    }
    release(file);
}

int atomic_open(struct atomic_file *file, const char *path) {
    const mode_t mask = umask(0);
    umask(mask);
    *file = (struct atomic_file){.out = {.fd = -1, .name = path}, .new_mode = 0666 & ~mask};
    if (check_place(path) == 0 && name_parts(file, path) == 0 && check_directory(file) == 0 &&
        take_temporary(file, 1) == 0 && check_current(file) == 0 && check_sticky(file) == 0)
        return 0;
    atomic_abandon(file);
    return -1;
}

int atomic_begin(struct atomic_file *file) {
    mode_t mode;
    if (ftruncate(file->out.fd, 0) < 0)
        return fail_system(file->out.name, "cannot truncate its temporary file");
    file->begun = true;
    return copy_mode(file, &mode);
}

void atomic_clear(const struct atomic_file *file) {
    if (file->begun)
        (void)!ftruncate(file->out.fd, 0);
}

/* Called after the rename. It is no error if the directory may not be read, or if the file system cannot sync one.
 * 0 or -1. */
static int sync_directory(const struct atomic_file *file) {
    int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0
                               : fail_system(file->out.name, "is in place, but cannot open its directory to sync");
    int result = 0;
    if (io_sync(fd) < 0 && errno != EINVAL)
        result = fail_system(file->out.name, "is in place, but cannot sync its directory");
    close(fd);
    return result;
}

/* 0 if the temporary file still has its name, else -1: another run's file, which is not complete, may have it now.
 */
static int check_not_moved(const struct atomic_file *file) {
    struct stat status;
    if (file_is_at(file->out.fd, file->temporary))
        return 0;
    if (fstat(file->out.fd, &status) == 0 && status.st_nlink > 0)
        return fail("%s: its temporary file, or a directory above it, was moved; that temporary file is complete",
                    file->out.name);
    return fail("%s: its temporary file was removed, wanted it left alone until the end", file->out.name);
}

/* Renames the temporary file, and syncs the directory. If the rename fails, the temporary file is kept, since it is
 * complete and may be hours of work. */
static int take_place(const struct atomic_file *file, mode_t mode) {
    if (check_not_moved(file) < 0)
        return -1;
    if (rename(file->temporary, file->path) < 0) {
        const char *reason = strerror(errno), *slash = strrchr(file->temporary, '/');
        if (check_not_moved(file) < 0)
            return -1;
        return fail("%s: cannot rename to it: %s; the complete new file is beside it, as %s, until the next run",
                    file->out.name, reason, slash == NULL ? file->temporary : slash + 1);
    }
    if ((mode & S_IWUSR) == 0 && fchmod(file->out.fd, mode) < 0)
        return fail_system(file->out.name, "is in place, but cannot set its mode");
    return sync_directory(file);
}

/* Syncs the temporary file and puts it in its place. If it cannot be synced, it is removed. 0 or -1. */
static int put(const struct atomic_file *file) {
    mode_t mode;
    int result = copy_mode(file, &mode);
    if (result == 0 && io_sync(file->out.fd) < 0)
        result = fail_system(file->out.name, "cannot sync");
    if (result == 0)
        return take_place(file, mode);
    remove_temporary(file);
    return -1;
}

int atomic_commit(struct atomic_file *file) {
    const int result = put(file);
    close(file->out.fd); /* releases the lock, so after the rename */
    release(file);
    return result;
}

int atomic_replace(struct atomic_file *file) {
    int result = put(file);
    const int placed = file->out.fd;
    file->begun = false;
    if (result == 0 && take_temporary(file, ATTEMPTS) < 0)
        result = fail("%s; the new one is in place", error_message());
    close(placed); /* releases its lock, so after the next one is held */
    if (result < 0)
        release(file);
    return result;
}

bool atomic_is_taken(const char *path) {
    struct atomic_file file = {.out = {.fd = -1}};
    bool taken = false;
    if (name_parts(&file, path) == 0) {
        const int fd = open(file.temporary, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        taken = fd >= 0 && file_lock(fd, file.temporary) == FILE_LOCK_OTHER;
        if (fd >= 0)
            close(fd);
    }
    release(&file);
    return taken;
}

bool atomic_writes(const char *path, const char *other) {
    struct atomic_file file = {.out = {.fd = -1}};
    const bool same =
        is_same_place(path, other) || (name_parts(&file, path) == 0 && is_same_place(file.temporary, other));
    release(&file);
    return same;
}
