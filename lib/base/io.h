/* SPDX-License-Identifier: MIT */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Input and output by file descriptor, each with a name for messages. Only this file handles short reads, short
 * writes, interrupted calls and non-blocking pipes. */

/* Bytes in memory that are read like a file; not owned. */
struct input_bytes {
    const unsigned char *next;
    size_t left;
};

struct input {
    int fd;                    /* -1 if `bytes` are read */
    struct input_bytes *bytes; /* NULL: `fd` is read */
    const char *name;          /* the path as given, or "stdin"; not owned */
    /* NULL, or a function that input_read calls when no data has come for a moment, before it waits for more. The
     * function returns 0, or -1 with a message, and input_read then fails. */
    int (*paused)(void *context);
    void *context;
};

struct output {
    int fd;
    const char *name; /* not owned */
};

/* Opens `path` for reading; NULL and "-" are standard input. Refuses a directory, a terminal, and the file that
 * standard output goes to. 0, or -1 with nothing to be closed. */
int input_open(struct input *in, const char *path) __attribute__((warn_unused_result));

/* Sets `in` to read `bytes`, which must stay there. input_close is not needed. */
void input_from(struct input *in, struct input_bytes *bytes, const char *name);

/* If `path` is standard input (NULL or "-"), waits until it has a byte or ends: a tool before the pipe has then
 * written the files that it writes beside its first bytes. */
void input_wait(const char *path);

/* Reads `size` bytes, or fewer if the input ends before. Returns the number of bytes read, or -1 on error. */
ssize_t input_read(const struct input *in, void *buffer, size_t size) __attribute__((warn_unused_result));

/* Reads what is there, at most `size` bytes, and waits only if that is nothing. Returns the number of bytes, 0 at
 * the end of the input, or -1 on error. */
ssize_t input_read_some(const struct input *in, void *buffer, size_t size) __attribute__((warn_unused_result));

/* Reads `size` bytes of a regular file from `offset` on, or fewer if the file ends before. Returns the number of
 * bytes, or -1 on error. */
ssize_t input_read_at(const struct input *in, void *buffer, size_t size, off_t offset)
    __attribute__((warn_unused_result));

/* Sets the message for an empty input; `wanted` is what it should be, such as "a stream". Returns -1. */
int input_fail_empty(const struct input *in, const char *wanted) __attribute__((warn_unused_result));

/* True if both are the status of the same file. */
bool is_same_inode(const struct stat *a, const struct stat *b);

/* True if the path stands for standard input: NULL and "-". */
bool is_standard_input(const char *path);

/* True if the path leads to the regular file that standard output goes to. */
bool is_standard_output(const char *path);

/* True if both paths lead to the same regular file; "-" is standard input. */
bool is_same_file(const char *a, const char *b);

/* Like is_same_file; also true if both name the same entry of one directory, or symbolic links lead there, even if
 * it does not exist yet. */
bool is_same_place(const char *a, const char *b);

/* 0, or -1 with a message if the directory of `path` does not exist. */
int check_directory_of(const char *path) __attribute__((warn_unused_result));

/* True if `path` is a symbolic link to a file that does not exist. */
bool is_dangling_link(const char *path);

/* Standard input stays open. */
void input_close(struct input *in);

/* Sets `out` to standard output for binary data. Refuses a terminal. 0 or -1. */
int output_standard(struct output *out) __attribute__((warn_unused_result));

/* Creates the file at `path`, or empties it, for writing. Refuses a place that `input` (NULL or "-": stdin) or
 * standard output has, too. 0, or -1 with nothing to be closed. */
int output_create(struct output *out, const char *path, const char *input) __attribute__((warn_unused_result));

/* Writes all `size` bytes. 0 or -1. */
int output_write(const struct output *out, const void *data, size_t size) __attribute__((warn_unused_result));

/* fsync, repeated if a signal interrupts it. 0, or -1 with errno. */
int io_sync(int fd) __attribute__((warn_unused_result));

#endif
