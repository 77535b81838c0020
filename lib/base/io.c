/* SPDX-License-Identifier: MIT */
#include "base/io.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool is_same_inode(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool is_standard_input(const char *path) {
    return path == NULL || strcmp(path, "-") == 0;
}

/* True if a tool would write over its own input, or read its own output. */
static bool is_output(const struct stat *status) {
    struct stat out;
    return S_ISREG(status->st_mode) && fstat(STDOUT_FILENO, &out) == 0 && is_same_inode(status, &out);
}

bool is_standard_output(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && is_output(&status);
}

/* A writer that is still working seldom pauses for longer. */
#define PAUSE_MILLISECONDS 20

/* Added to messages about standard input, which is also read if the user forgot to name a file. */
#define OR_FILE ", or a file named on the command line"

void input_wait(const char *path) {
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    const bool waits = is_standard_input(path) && !isatty(STDIN_FILENO);
    while (waits && poll(&ready, 1, -1) < 0 && errno == EINTR)
        ;
}

int input_open(struct input *in, const char *path) {
    struct stat status;
    const bool standard = is_standard_input(path);
    *in = (struct input){.fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
                         .name = standard ? "stdin" : path};
    if (in->fd < 0)
        return fail_system(in->name, "cannot open");
    if (fstat(in->fd, &status) < 0) {
        (void)fail_system(in->name, "cannot read");
    } else if (S_ISDIR(status.st_mode)) {
        (void)fail("%s: is a directory, wanted a file", in->name);
    } else if (is_output(&status)) {
        (void)fail("%s: is standard output, too, wanted another file", in->name);
    } else if (isatty(in->fd)) {
        (void)fail(standard ? "%s: is a terminal, wanted binary data from a pipe" OR_FILE
                            : "%s: is a terminal, wanted binary data from a pipe or a file",
                   in->name);
    } else {
        return 0;
    }
    input_close(in);
    return -1;
}

static int status_of(const char *path, struct stat *status) {
    return is_standard_input(path) ? fstat(STDIN_FILENO, status) : stat(path, status);
}

bool is_same_file(const char *a, const char *b) {
    struct stat s, t;
    return status_of(a, &s) == 0 && status_of(b, &t) == 0 && S_ISREG(s.st_mode) && is_same_inode(&s, &t);
}

/* The directory entry that a path names; a symbolic link is not followed. */
static const char *entry(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int directory_status(const char *path, struct stat *s) {
    char directory[PATH_MAX];
    const size_t length = (size_t)(entry(path) - path);
    if (length >= sizeof directory - 1) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(directory, sizeof directory, "%.*s.", (int)length, path);
    return stat(directory, s);
}

int check_directory_of(const char *path) {
    struct stat status;
    if (entry(path) == path || directory_status(path, &status) == 0 || errno != ENOENT)
        return 0;
    return fail("%s: there is no directory '%.*s', wanted it", path, (int)(entry(path) - path - 1), path);
}

bool is_dangling_link(const char *path) {
    struct stat status;
    return stat(path, &status) < 0 && errno == ENOENT && lstat(path, &status) == 0;
}

/* Writes to `place` where the links of a path lead that does not exist: there it would be created. Returns `place`,
 * or the path itself if it is no such link or the names are too long. */
static const char *created_place(const char *path, char place[PATH_MAX]) {
    char target[PATH_MAX], next[PATH_MAX];
    ssize_t length;
    const char *at = path;
    while (is_dangling_link(at) && (length = readlink(at, target, sizeof target - 1)) > 0) {
        const int directory = *target == '/' ? 0 : (int)(entry(at) - at);
        target[length] = '\0';
        if (snprintf(next, sizeof next, "%.*s%s", directory, at, target) >= (int)sizeof next)
            return path;
        memcpy(place, next, sizeof next);
        at = place;
    }
    return at;
}

bool is_same_place(const char *a, const char *b) {
    char place[2][PATH_MAX];
    struct stat s, t;
    if (is_standard_input(a) || is_standard_input(b) || is_same_file(a, b))
        return is_same_file(a, b);
    const char *c = created_place(a, place[0]), *d = created_place(b, place[1]);
    return strcmp(entry(c), entry(d)) == 0 && directory_status(c, &s) == 0 && directory_status(d, &t) == 0 &&
           is_same_inode(&s, &t);
}

static bool is_ready(int fd, short events, int milliseconds) {
    struct pollfd ready = {.fd = fd, .events = events};
    return poll(&ready, 1, milliseconds) > 0;
}

/* True if a read or write that failed is to be tried again: because a signal came, or because another process has
 * made the shared pipe non-blocking. In the second case this waits until the pipe is ready. */
static bool is_to_be_tried_again(int fd, short events) {
    if (errno != EAGAIN)
        return errno == EINTR;
    (void)is_ready(fd, events, -1);
    return true;
}

#define IN_ORDER ((off_t)-1)

/* Reads `size` bytes, or all to the end of the file; from an offset, or IN_ORDER. Returns their number, or -1. */
static ssize_t read_all(const struct input *in, void *buffer, size_t size, off_t offset) {
    size_t have = 0;
    while (have < size) {
        char *to = (char *)buffer + have;
        if (offset == IN_ORDER && in->paused != NULL && !is_ready(in->fd, POLLIN, PAUSE_MILLISECONDS) &&
            in->paused(in->context) < 0)
            return -1;
        const ssize_t n = offset == IN_ORDER ? read(in->fd, to, size - have)
                                             : pread(in->fd, to, size - have, offset + (off_t)have);
        if (n == 0)
            break;
        if (n > 0)
            have += (size_t)n;
        else if (!is_to_be_tried_again(in->fd, POLLIN))
            return fail_system(in->name, "cannot read");
    }
    return (ssize_t)have;
}

void input_from(struct input *in, struct input_bytes *bytes, const char *name) {
    *in = (struct input){.fd = -1, .bytes = bytes, .name = name};
}

static ssize_t read_bytes(struct input_bytes *bytes, void *buffer, size_t size) {
    const size_t some = size < bytes->left ? size : bytes->left;
    if (some > 0) {
        memcpy(buffer, bytes->next, some);
        bytes->next += some;
        bytes->left -= some;
    }
    return (ssize_t)some;
}

ssize_t input_read(const struct input *in, void *buffer, size_t size) {
    return in->bytes != NULL ? read_bytes(in->bytes, buffer, size) : read_all(in, buffer, size, IN_ORDER);
}

ssize_t input_read_some(const struct input *in, void *buffer, size_t size) {
    for (;;) {
        const ssize_t n = read(in->fd, buffer, size);
        if (n >= 0)
            return n;
        if (!is_to_be_tried_again(in->fd, POLLIN))
            return fail_system(in->name, "cannot read");
    }
}

ssize_t input_read_at(const struct input *in, void *buffer, size_t size, off_t offset) {
    return read_all(in, buffer, size, offset);
}

int input_fail_empty(const struct input *in, const char *wanted) {
    return fail(in->fd == STDIN_FILENO ? "%s: empty input, wanted %s from a pipe" OR_FILE
                                       : "%s: empty input, wanted %s",
                in->name, wanted);
}

void input_close(struct input *in) {
    if (in->fd > STDERR_FILENO)
        close(in->fd);
    in->fd = -1;
}

int output_standard(struct output *out) {
    out->fd = STDOUT_FILENO;
    out->name = "stdout";
    if (isatty(out->fd))
        return fail("stdout: is a terminal, wanted a pipe or a file for binary data");
    return 0;
}

int output_create(struct output *out, const char *path, const char *input) {
    if (is_same_place(path, input == NULL ? "-" : input))
        return fail("%s: is the input, too, wanted another file", path);
    if (is_standard_output(path))
        return fail("%s: is standard output, too, wanted another file", path);
    if (check_directory_of(path) < 0)
        return -1;
    *out = (struct output){.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), .name = path};
    if (out->fd < 0)
        return errno == EISDIR ? fail("%s: is a directory, wanted a file", path) : fail_system(path, "cannot open");
    return 0;
}

int output_write(const struct output *out, const void *data, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(out->fd, (const char *)data + done, size - done);
        if (n >= 0)
            done += (size_t)n;
        else if (!is_to_be_tried_again(out->fd, POLLOUT))
            return fail_system(out->name, "cannot write");
    }
    return 0;
}

int io_sync(int fd) {
    int result;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}
