/* SPDX-License-Identifier: MIT */
#ifndef QUERY_LATENT_MAP_H
#define QUERY_LATENT_MAP_H

#include "query/bad_items.h"
#include "stream/raw.h"

/* Maps a stream of latents to a stream of f32 latents of the same size on stdout, with any number of results per
 * latent: for vae-interp and vae-traverse. The output has the frames of the input. Memory is constant. */
struct latent_map {
    /* Set by the tool. */
    const char *path;                       /* NULL or "-": stdin */
    struct bad_items bad;                   /* `report` is set by the tool */
    void *context;                          /* for the functions below */
    int (*prepare)(struct latent_map *map); /* called when `latent` is known; 0 or -1 */
    /* Sets *results to the number of results of the next `items` latents, after `number` latents were read. 0, or
     * -1 without a message if there are too many to count. */
    int (*results)(const struct latent_map *map, uint64_t number, uint64_t items, uint64_t *results);
    /* Writes the results of latent number `number` with latent_map_write. It may change z [latent], which is NaN
     * throughout if the latent is bad; its results are then NaN, too. 0 or -1. */
    int (*item)(struct latent_map *map, float *z, uint64_t number);
    int (*end)(struct latent_map *map); /* called after the stream has ended without an error; may be NULL */
    /* Set by latent_map_run. */
    size_t latent; /* numbers of a latent */
    struct raw_reader reader;
    struct raw_writer out;
};

/* Checks that items of the stream `name` can be latents: f32 or f64 of one dimension. 0 or -1. */
int latent_check_type(const char *name, enum dtype dtype, const struct shape *item)
    __attribute__((warn_unused_result));

/* The same for the items of a reader. 0 or -1. */
int latent_check_frame(const struct raw_reader *reader) __attribute__((warn_unused_result));

/* Checks that all numbers of `count` items of `elements` numbers are finite as floats; `first` is the number of the
 * first item in the stream `name`. 0, or -1 with a message that names the item and the element. */
int latent_check_numbers(const char *name, enum dtype dtype, size_t elements, const void *items, size_t count,
                         uint64_t first) __attribute__((warn_unused_result));

/* The same for items of a reader. 0 or -1. */
int latent_check_items(const struct raw_reader *reader, const void *items, size_t count, uint64_t first)
    __attribute__((warn_unused_result));

/* Maps the whole stream. Returns the result of the work, see bad_items_finish. */
int latent_map_run(struct latent_map *map) __attribute__((warn_unused_result));

/* Writes one latent, z [latent]. 0 or -1. */
int latent_map_write(struct latent_map *map, const float *z) __attribute__((warn_unused_result));

#endif
