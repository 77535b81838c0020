/* SPDX-License-Identifier: MIT */
#ifndef NN_DIVISION_H
#define NN_DIVISION_H

#include "nn/net.h"

/* How work is divided into tiles. It depends on sizes and on the backend of products, but not on threads. */

/* What is divided. */
struct work_size {
    size_t items;   /* of the mini-batch */
    size_t draws;   /* rows per item */
    size_t units;   /* columns, in groups of `group` numbers that stay together */
    size_t group;   /* 0 stands for 1 */
    size_t weights; /* that each row needs: with many, units are divided, too */
};

/* Tiles of at most `items` items and `units` units, `down` times `across` of them. */
struct division {
    size_t items, units, down, across;
};

struct division divide(const struct work_size *size);

/* The number of parts that the units of a layer's forward pass are divided into: `across`. */
size_t division_parts(const struct layer *layer);

#endif
