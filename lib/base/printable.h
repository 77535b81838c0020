/* SPDX-License-Identifier: MIT */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include <stddef.h>
#include <stdio.h>

/* Makes text from a stranger, such as the name of a file, safe for a terminal: control characters, and bytes that
 * are not UTF-8, become \xHH, so that they cannot move the reader's cursor. */

/* Writes the text to to[0..size), truncated if it is too long; size is at least 1. */
void printable_copy(char *to, size_t size, const char *text);

/* Writes the text to a stdio file. On failure the file's error flag is set. */
void printable_print(FILE *to, const char *text);

#endif
