/* SPDX-License-Identifier: MIT */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Bytes in and out by file descriptor, each with the name that its messages carry. Short reads, short writes,
 * interrupted calls and pipes that do not block are dealt with here and nowhere else. */

struct input {
    int fd;
    const char *name; /* the path as given, or "stdin"; not owned */
    /* NULL, or called by input_read when nothing has come for a moment, before it waits for more: 0, or -1 with a
     * message, which ends the reading. */
    int (*paused)(void *context);
    void *context;
};

struct output {
    int fd;
    const char *name;
};

/* Opens `path` for reading; NULL and "-" are standard input. Directories and terminals are refused, and the file
 * that standard output goes to. */
int input_open(struct input *in, const char *path) __attribute__((warn_unused_result));

/* Reads until `size` bytes are there or the input ends. Returns how many were read, -1 on error. */
ssize_t input_read(const struct input *in, void *buffer, size_t size) __attribute__((warn_unused_result));

/* Sets the message for an input that is empty; `wanted` is its noun, such as "a stream". Returns -1. */
int input_fail_empty(const struct input *in, const char *wanted) __attribute__((warn_unused_result));

/* True if both are the status of one file. */
bool is_same_inode(const struct stat *a, const struct stat *b);

/* True if both paths lead to one regular file, "-" being standard input. */
bool is_same_file(const char *a, const char *b);

/* As is_same_file; also true if both name the same entry of one directory, even if it does not exist yet. */
bool is_same_place(const char *a, const char *b);

/* 0, or -1 with a message if the directory of `path` does not exist. */
int check_directory_of(const char *path) __attribute__((warn_unused_result));

/* True if it is a symbolic link to nothing. */
bool is_dangling_link(const char *path);

void input_close(struct input *in);

/* Standard output for binary data: a terminal is refused. */
int output_standard(struct output *out) __attribute__((warn_unused_result));

/* Writes all of it. 0 or -1. */
int output_write(const struct output *out, const void *data, size_t size) __attribute__((warn_unused_result));

/* fsync, repeated if a signal interrupts it. 0, or -1 with errno. */
int io_sync(int fd) __attribute__((warn_unused_result));

#endif
