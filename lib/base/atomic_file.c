#define _GNU_SOURCE
#include "base/atomic_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(struct atomic_file *file) {
    free(file->path);
    free(file->directory);
    free(file->temporary);
    *file = (struct atomic_file){.out = {.fd = -1}};
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
        file->temporary == NULL)
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the caller frees what is in *file
        return fail("%s: out of memory for its name", path);
    if (*name == '\0')
        return fail("'%s': is not a file's name, wanted one", path);
    return 0;
}

/* As containers do with a single file. An old kernel does not tell. */
static bool is_mount(const char *path) {
    struct statx status;
    return statx(AT_FDCWD, path, 0, 0, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static int check_place(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return fail("%s: is not a regular file, wanted one to replace or a new name", path);
    if (is_mount(path))
        return fail("%s: is mounted by itself, so that no file can take its place, wanted its directory mounted",
                    path);
    if (is_dangling_link(path))
        return fail("%s: is a symbolic link to nothing, wanted a file or a new name", path);
    return 0;
}

/* The new file may be read by whom the old one might be, and written to, until it is done, by whom writes it: one
 * left by a killed run is opened again. */
static int copy_mode(const struct atomic_file *file, mode_t besides) {
    struct stat status;
    if (stat(file->path, &status) == 0 && fchmod(file->out.fd, (status.st_mode & 07777) | besides) < 0)
        return fail_system(file->out.name, "cannot set the mode of its temporary file");
    return 0;
}

/* Whether the open file is still the one of that name. */
static bool is_named(int fd, const char *name) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(name, &named) == 0 && is_same_inode(&opened, &named);
}

/* A file of the same name that is not one's own to empty is left as it is. */
static int check_temporary(const struct atomic_file *file, const char *path) {
    struct stat status;
    if (fstat(file->out.fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1)
        return fail("%s: %s is in the way, which is no regular file or has another name, wanted a temporary file",
                    path, file->temporary);
    return 0;
}

/* Two runs that write one name must not mix their bytes: whoever has the lock may truncate, rename and remove. A
 * file that was locked only after its last owner had renamed or removed it is not the temporary one any more. */
static int open_temporary(struct atomic_file *file, const char *path) {
    for (;;) {
        file->out.fd = open(file->temporary, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
        if (file->out.fd < 0)
            return fail_system(path, "cannot create its temporary file");
        if (flock(file->out.fd, LOCK_EX | LOCK_NB) < 0)
            return errno == EWOULDBLOCK ? fail("%s: another process is writing it, wanted it for this one", path)
                                        : fail_system(path, "cannot lock its temporary file");
        if (is_named(file->out.fd, file->temporary))
            return check_temporary(file, path);
        close(file->out.fd);
    }
}

/* In both cases to be ended with close_place. */
static int open_place(struct atomic_file *file, const char *path) {
    *file = (struct atomic_file){.out = {.fd = -1, .name = path}};
    return check_place(path) < 0 || name_parts(file, path) < 0 || open_temporary(file, path) < 0 ? -1 : 0;
}

static void close_place(struct atomic_file *file) {
    if (file->out.fd >= 0)
        close(file->out.fd);
    release(file);
}

/* One of before stays that holds something: it may be a run's that could not rename it. */
static void remove_empty(const struct atomic_file *file) {
    struct stat status;
    if (fstat(file->out.fd, &status) == 0 && status.st_size == 0)
        unlink(file->temporary);
}

int atomic_open(struct atomic_file *file, const char *path) {
    if (open_place(file, path) == 0) {
        if ((ftruncate(file->out.fd, 0) == 0 || fail_system(path, "cannot truncate its temporary file") == 0) &&
            copy_mode(file, S_IWUSR) == 0)
            return 0;
        remove_empty(file);
    }
    close_place(file);
    return -1;
}

static int sync_whole(int fd) {
    int result;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

/* The file is in its place already. A directory that may not be read, or a file system that cannot sync one, leaves
 * nothing more to do; a disk that fails does. */
static int sync_directory(const struct atomic_file *file) {
    int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0
                               : fail_system(file->out.name, "is in place, but cannot open its directory to sync");
    int result = 0;
    if (sync_whole(fd) < 0 && errno != EINVAL)
        result = fail_system(file->out.name, "is in place, but cannot sync its directory");
    close(fd);
    return result;
}

/* What cannot be renamed is whole all the same, and may be hours of work: it stays where it is. */
static int take_place(const struct atomic_file *file) {
    if (rename(file->temporary, file->path) == 0)
        return 0;
    const char *reason = strerror(errno), *slash = strrchr(file->temporary, '/');
    if (!is_named(file->out.fd, file->temporary))
        return fail("%s: its temporary file was removed, wanted it left alone until the end", file->out.name);
    if (copy_mode(file, S_IWUSR) < 0)
        return -1;
    return fail("%s: cannot rename to it: %s; what was to be there is whole beside it, as %s, until the next run",
                file->out.name, reason, slash == NULL ? file->temporary : slash + 1);
}

int atomic_commit(struct atomic_file *file) {
    int result = copy_mode(file, 0);
    if (result == 0 && sync_whole(file->out.fd) < 0)
        result = fail_system(file->out.name, "cannot sync");
    if (result < 0)
        unlink(file->temporary);
    else
        result = take_place(file);
    /* Closed only now: the lock holds until the name has changed. */
    close(file->out.fd);
    if (result == 0)
        result = sync_directory(file);
    release(file);
    return result;
}

void atomic_abandon(struct atomic_file *file) {
    if (file->out.fd < 0)
        return;
    unlink(file->temporary);
    close_place(file);
}

bool atomic_writes(const char *path, const char *other) {
    struct atomic_file file = {.out = {.fd = -1}};
    const bool same =
        is_same_place(path, other) || (name_parts(&file, path) == 0 && is_same_place(file.temporary, other));
    release(&file);
    return same;
}

int atomic_check(const char *path) {
    struct atomic_file file;
    int result = open_place(&file, path);
    if (result == 0) {
        result = copy_mode(&file, S_IWUSR);
        remove_empty(&file);
    }
    close_place(&file);
    return result;
}
