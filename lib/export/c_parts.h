/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_PARTS_H
#define EXPORT_C_PARTS_H

#include "nn/graph.h"

#include <stdio.h>

/* The static functions of the C files that are written: arithmetic without a C library, accurate to about 1e-6, and
 * layers. They are written before what calls them. */

enum c_part {
    PART_POWER,
    PART_EXP,
    PART_EXPM1,
    PART_LOG1P,
    PART_RELU,
    PART_TANH,
    PART_ELU,
    PART_SOFTPLUS,
    PART_GELU,
    PART_SIGMOID,
    PART_SILU,
    PART_INVERSE_SCALE,
    PART_CONTINUOUS_MEAN,
    PART_LOGISTIC_MEAN,
    PART_CLAMP,
    PART_MISSING,
    PART_MOST,
    PART_LINEAR,
    PART_CONV,
    PART_UP,
    PART_NORM,
    PART_CONCATENATE,
    PART_GRU,
    PART_GRU_SEQUENCE,
    PARTS
};

/* Returns the name of the function of a number x, or of x and s; "" for FUNCTION_NONE. */
const char *c_function_name(enum function function);

/* Writes the parts that the graph's nodes need. */
void c_parts_write(FILE *out, const struct graph *graph);

#endif
