/* SPDX-License-Identifier: MIT */
#ifndef QUERY_ITEM_MAP_H
#define QUERY_ITEM_MAP_H

#include "model/model_file.h"
#include "query/bad_items.h"
#include "query/item_reader.h"

/* Maps a stream of items to a stream of f32 on stdout through a model, item by item, for vae-encode and vae-decode.
 * The output has the input's frames, and the bytes of an item do not depend on them. Memory is constant. While the
 * workers work on one batch, the results of the batch before are written and the items of the next batch are read.
 */
struct item_map {
    /* Set by the tool. */
    const char *model_path, *path; /* path NULL or "-": stdin */
    const char *labels_path;       /* a stream with one label per item; NULL: none */
    size_t threads;
    uint64_t seed;
    struct bad_items bad;                 /* `report` is set by the tool */
    const void *options;                  /* for the tool's functions below */
    int (*prepare)(struct item_map *map); /* checks the stream's dtype and shape, sets `shape`; 0 or -1 */
    /* Checks `count` items, the first of which has number `first`. 0, or -1 with a message about the first one that
     * is refused. */
    int (*check)(const struct item_map *map, const void *items, size_t count, uint64_t first);
    /* Computes the results of the range's rows. Called by several threads, for different ranges. */
    void (*range)(const struct item_map *map, struct batch *batch, const struct range *range);
    /* Returns the array of the pass that holds the results: [rows, elements of shape]. */
    float *(*results)(const struct item_map *map, const struct pass *pass);
    /* Set by item_map_run. */
    struct model model;
    struct item_reader input;
    struct raw_writer out;
    struct shape shape; /* of an output item; set by `prepare` */
    struct batch batch[2];
    struct batch *busy;          /* the batch that the workers work on; NULL: none */
    bool refused[2][BATCH_ROWS]; /* for each batch, whether an item was refused; read only with bad.report */
    bool finite[2][BATCH_ROWS];  /* for each batch, whether the results of a row are finite */
};

/* Loads the model, then maps the whole stream. An item is bad if `check` refuses it, or if a result is not finite;
 * if that is reported, all its results are NaN. Returns the result of the work, see bad_items_finish. */
int item_map_run(struct item_map *map) __attribute__((warn_unused_result));

#endif
