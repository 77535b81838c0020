/* SPDX-License-Identifier: MIT */
#ifndef EXPLORER_GRAPH_JSON_H
#define EXPLORER_GRAPH_JSON_H

#include "explorer/base64.h"
#include "nn/graph.h"

#include <jansson.h>

/* The nodes of a decoder's graph for the scripts of the page, lib/explorer/page/decoder.js. */

/* 0, or -1 with a message if a decoder has a node that the page cannot compute, which is a recurrent one. */
int graph_json_check(const struct graph *graph) __attribute__((warn_unused_result));

/* Returns the list of nodes as objects with the members of struct node; a weight or a bias is its index in the
 * numbers that graph_json_weights writes. NULL with a message if memory runs out;
 * end with json_decref. */
json_t *graph_json(const struct graph *graph);

/* Writes the weights and biases of all nodes, as float; and their number. */
void graph_json_weights(const struct graph *graph, struct base64 *out);
size_t graph_json_count(const struct graph *graph);

#endif
