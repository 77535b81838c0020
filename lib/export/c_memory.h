/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_MEMORY_H
#define EXPORT_C_MEMORY_H

#include "nn/graph.h"

/* Where the C function that is written from a graph keeps the values of the nodes. */

enum c_place {
    C_GIVEN,    /* an array that the caller gives, under the node's name */
    C_CONSTANT, /* an array of weights */
    C_RESULT,   /* the caller's array for the output */
    C_WORK      /* the caller's working memory */
};

/* After the value of a recurrent node, floats for each unit: of a sequence, the input's part of the three gates,
 * the state's part, and the state; of a cell, the part of what is the same at each position, and both parts. */
enum { C_GRU_FLOATS = 7, C_GRU_CELL_FLOATS = 9 };

struct c_value {
    enum c_place place;
    size_t offset; /* floats, in the working memory */
    size_t root;   /* the first node whose value is in the same memory; nodes that work in place share it */
    size_t over;   /* the input that the node overwrites, NO_NODE: none */
    size_t last;   /* the last node that reads the value, and with a root also the memory */
};

struct c_memory {
    struct c_value *of_node; /* [nodes]; owned */
    size_t work;             /* floats of the working memory */
};

/* True for numbers that the caller gives as one label. */
bool c_is_label(const struct node *node);

/* Assigns memory to each node: a node that computes number by number overwrites an input that no later node reads;
 * other memory is used again after its last reader, but that of a cell only after the last position. `divided`: the
 * output is divided among several arrays, which the last node writes. 0, or -1 if memory runs out; end with
 * c_memory_free in both cases. */
int c_memory_plan(struct c_memory *memory, const struct graph *graph, bool divided)
    __attribute__((warn_unused_result));

void c_memory_free(struct c_memory *memory);

#endif
