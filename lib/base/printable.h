/* SPDX-License-Identifier: MIT */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include <stddef.h>
#include <stdio.h>

/* Text that may come from a stranger, such as a file's name, for a terminal: control characters, and bytes that are
 * not UTF-8, become \xHH, so that they cannot move the cursor of its reader. */

/* Into to[0..size), cut off if it is too long; size at least 1. */
void printable_copy(char *to, size_t size, const char *text);

/* To a file of stdio, whose error flag tells whether it went well. */
void printable_print(FILE *to, const char *text);

#endif
