/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/platform.h"

#include <limits.h>

/* The library neither prints nor exits: a function that fails stores one line of text and returns -1.
 * Every line reads `stream: what was found, what was wanted`; the tool puts its own name before it. */

/* Stores the message, made printable (base/printable.h), and returns -1: use it as `return fail(...)`. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a system call that failed. The message is "name: what: <reason of errno>". */
int fail_system(const char *name, const char *what);

/* Macros that show compilers and analyzers that both functions return -1. */
#define fail(...) (fail(__VA_ARGS__), -1)
#define fail_system(name, what) (fail_system(name, what), -1)

/* Bytes for the beginning of a message, including the final 0: a file's name and a place in it. */
#define ERROR_SUBJECT (PATH_MAX + 128)

/* Bytes for a message, including the final 0. It may name two files. A longer message, as from names that were made
 * printable, is truncated. */
#define ERROR_MESSAGE (2 * PATH_MAX + 1024)

/* The last message that this thread stored; valid until its next failure. */
const char *error_message(void);

/* The cause of that failure. ERROR_MEMORY: its format contains "out of memory", or the system call set ENOMEM.
 * ERROR_SYSTEM: another failure of fail_system. ERROR_OTHER: any other one. */
enum error_cause { ERROR_OTHER, ERROR_MEMORY, ERROR_SYSTEM };
enum error_cause error_cause(void);

#endif
