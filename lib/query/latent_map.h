/* SPDX-License-Identifier: MIT */
#ifndef QUERY_LATENT_MAP_H
#define QUERY_LATENT_MAP_H

#include "stream/raw.h"

/* A stream of latents in, one of f32 latents of the same size to stdout, some for each: what vae-interp and
 * vae-traverse are. The output has the input's frames, and memory is constant. */
struct latent_map {
    /* Set by the tool. */
    const char *path;                       /* NULL or "-": stdin */
    void *context;                          /* the tool's own */
    int (*prepare)(struct latent_map *map); /* `latent` is known; 0 or -1 */
    /* How many latents the next `items` of the input give, the map having read `number` so far; -1: too many. */
    int (*results)(const struct latent_map *map, uint64_t number, uint64_t items, uint64_t *results);
    /* Writes those of one latent, z [latent], which it may change, with latent_map_write. 0 or -1. */
    int (*item)(struct latent_map *map, float *z, uint64_t number);
    int (*end)(struct latent_map *map); /* after the clean end; may be NULL */
    /* Set by latent_map_run. */
    size_t latent; /* numbers of a latent */
    struct raw_reader reader;
    struct raw_writer out;
};

/* 0 if the reader's items can be latents: f32 or f64 of one dimension; else -1. */
int latent_check_frame(const struct raw_reader *reader) __attribute__((warn_unused_result));

/* 0 if all numbers of `count` items, the first of which has number `first`, are finite floats, else -1, naming the
 * item and the element. */
int latent_check_items(const struct raw_reader *reader, const void *items, size_t count, uint64_t first)
    __attribute__((warn_unused_result));

/* Runs the whole stream. 0 or -1. */
int latent_map_run(struct latent_map *map) __attribute__((warn_unused_result));

/* Writes one latent. 0 or -1. */
int latent_map_write(struct latent_map *map, const float *z) __attribute__((warn_unused_result));

#endif
