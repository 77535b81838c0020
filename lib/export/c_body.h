/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_BODY_H
#define EXPORT_C_BODY_H

#include "export/c_memory.h"

#include <stdio.h>

/* The statements of the C function that is written from a graph: a call or a loop for each node. */
struct c_body {
    const struct graph *graph;
    const struct c_memory *memory;
    /* The output's array; of one that is divided, those of the first `divided` numbers and of the rest. divided 0:
     * there is one. */
    const char *result[2];
    size_t divided;
    FILE *out;
};

/* Writes a function `position` with the statements of one position, which goes before the function; nothing without
 * a cell. */
void c_body_write_position(const struct c_body *body);

void c_body_write(const struct c_body *body);

#endif
