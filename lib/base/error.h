/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <limits.h>

/* The library neither prints nor exits: a function that fails keeps one line of text and returns -1.
 * Every line reads `stream: what was found, what was wanted`; the tool puts its own name before it. */

/* Keeps the message, made printable, and returns -1, so that `return fail(...)` is the whole of error handling. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a system call that failed: "name: what: <reason of errno>". */
int fail_system(const char *name, const char *what);

/* Whoever reads the code, a compiler or an analyzer, sees what they return. */
#define fail(...) (fail(__VA_ARGS__), -1)
#define fail_system(name, what) (fail_system(name, what), -1)

/* Bytes of what opens a message, with its end: a file's name and a place in it. */
#define ERROR_SUBJECT (PATH_MAX + 128)

/* Bytes of a message, with its end: it may name two files. Names that have to be made printable may take more. */
#define ERROR_MESSAGE (2 * PATH_MAX + 1024)

/* The message kept last by this thread; valid until its next failure. */
const char *error_message(void);

#endif
