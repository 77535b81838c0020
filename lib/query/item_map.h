/* SPDX-License-Identifier: MIT */
#ifndef QUERY_ITEM_MAP_H
#define QUERY_ITEM_MAP_H

#include "model/model_file.h"
#include "query/item_reader.h"

/* Maps a stream of items to a stream of f32 on stdout through a model, item by item, for vae-encode and vae-decode.
 * The output has the input's frames, and the bytes of an item do not depend on them. Memory is constant. While the
 * workers work on one batch, the results of the batch before are written and the items of the next batch are read.
 */
struct item_map {
    /* Set by the tool. */
    const char *model_path, *path; /* path NULL or "-": stdin */
    const char *labels_path;       /* one for each item; NULL: none */
    size_t threads;
    uint64_t seed;
    const void *options;                  /* the tool's own */
    int (*prepare)(struct item_map *map); /* checks the stream's dtype and shape, sets `shape`; 0 or -1 */
    /* 0, or -1 if one of `count` items is refused; `first`: the first one's number. Called in the stream's order.
     */
    int (*check)(const struct item_map *map, const void *items, size_t count, uint64_t first);
    /* Computes the results of a range's rows. */
    void (*range)(const struct item_map *map, struct batch *batch, const struct range *range);
    /* The array of a batch's pass that is the output: [rows, elements of shape]. */
    const float *(*results)(const struct item_map *map, const struct pass *pass);
    /* Set by item_map_run. */
    struct model model;
    struct item_reader input;
    struct raw_writer out;
    struct shape shape; /* of an output item */
    struct batch batch[2];
    struct batch *busy;         /* the batch that the workers work on; NULL: none */
    bool finite[2][BATCH_ROWS]; /* of each batch, whether a row's results are finite */
};

/* Loads the model, then runs the whole stream. 0 or -1. */
int item_map_run(struct item_map *map) __attribute__((warn_unused_result));

#endif
