/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_SOURCE_H
#define EXPORT_C_SOURCE_H

#include "export/export.h"

#include <stdio.h>

/* A part of a model as one C99 file, with its weights, that needs no C library; or its declarations alone. */

#define C_NAME_MAX 64 /* most letters of a name */

/* Parses the name that those of the file begin with, a C identifier, to a const char *. 0, or -1 with a message
 * that begins with `what`. */
int c_name_parse(void *field, const char *what, const char *text);

/* Writes the file. 0, or -1 if memory runs out; an error of the output is left to be found by ferror. */
int c_source_write(const struct export *e, const char *name, bool header, FILE *out)
    __attribute__((warn_unused_result));

#endif
