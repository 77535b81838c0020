/* SPDX-License-Identifier: MIT */
#ifndef NN_DIVISION_H
#define NN_DIVISION_H

#include "nn/net.h"

/* How work is divided into tiles. It depends on sizes and on the backend of products. */

/* What is divided. */
struct work_size {
    size_t items;   /* of the micro-batch */
    size_t draws;   /* rows per item */
    size_t units;   /* a tile has whole units */
    size_t group;   /* numbers per unit; 0 stands for 1 */
    size_t weights; /* that each row needs; if there are many, the units are divided, too */
    size_t range;   /* if not 0, a tile has so many items, and all units */
};

/* The work has `down` times `across` tiles, each of at most `items` items and `units` units. */
struct division {
    size_t items, units, down, across;
};

struct division divide(const struct work_size *size);

/* Returns into how many parts the units of a layer are divided in the forward pass: `across`. */
size_t division_parts(const struct layer *layer);

#endif
