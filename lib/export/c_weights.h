/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_WEIGHTS_H
#define EXPORT_C_WEIGHTS_H

#include "nn/graph.h"

#include <stdio.h>

/* Writes the name of one of the node's arrays, such as decoder_0_weight; `what`: "weight", "bias",
 * "state_weight", "state_bias" or "values". */
void c_weights_name(FILE *out, const struct node *node, const char *what);

/* Writes all arrays of weights, as literals that are exactly the floats, in the order in which the layers read
 * them. */
void c_weights_write(FILE *out, const struct graph *graph);

/* Returns the floats of these arrays. */
size_t c_weights_count(const struct graph *graph);

#endif
