#ifndef VAE_MAP_H
#define VAE_MAP_H

#include "vae/block.h"
#include "vae/model_file.h"

/* A stream in, a stream of f32 to stdout, item by item through a model: what vae-encode and vae-decode are. The
 * output has the input's frames, and its bytes do not depend on them. Memory is constant. */
struct map {
    /* Set by the tool. */
    const char *model_path, *path; /* path NULL or "-": stdin */
    size_t threads;
    uint64_t seed;
    const void *options;             /* the tool's own */
    int (*prepare)(struct map *map); /* checks the stream's dtype and shape, sets `shape`; 0 or -1 */
    int (*check)(const struct map *map, const void *item, uint64_t number); /* 0, or -1 for an item to refuse */
    void (*shard)(struct map *map, size_t first, size_t rows);              /* items [first, first + rows) of the
                                                                               block to `result` */
    /* Set by map_run. */
    struct model model;
    struct raw_reader reader;
    struct output out;
    struct block block;
    struct shape shape; /* of an output item */
    float *result;      /* [BLOCK_ROWS, elements of shape] */
};

/* Loads the model, then runs the whole stream. 0 or -1. */
int map_run(struct map *map) __attribute__((warn_unused_result));

#endif
