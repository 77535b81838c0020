#ifndef VAE_BLOCK_H
#define VAE_BLOCK_H

#include "base/workers.h"
#include "stream/raw.h"
#include "vae/pass.h"

/* Inference takes items a block at a time, in constant memory. A block is cut into shards of BLOCK_SHARD rows,
 * one task each, and every shard is worked on whole, its unused rows being zero: a matrix product's bits depend
 * on its size, so the size must not depend on how many items happen to be there. */

#define BLOCK_SHARD 128
#define BLOCK_ROWS (4 * BLOCK_SHARD)

struct block {
    struct pass pass;
    struct workers *workers; /* not owned */
    enum dtype dtype;        /* of the items at work */
    const unsigned char *data;
    size_t item_bytes, rows;
    uint64_t item;                                                 /* the first one's number in its stream */
    void (*shard)(struct block *block, size_t first, size_t rows); /* rows: those that are items */
    void *context;                                                 /* for the shard function */
};

/* 0 or -1; end with block_end. */
int block_start(struct block *block, const struct model *model, struct workers *workers)
    __attribute__((warn_unused_result));

/* Runs the shard function over `rows` <= BLOCK_ROWS items. It finds rows [first, first + BLOCK_SHARD) of the pass
 * to work on. */
void block_run(struct block *block, size_t rows);

/* The rows' items into pass.x as the model's config says (seed: of a binarization by draws), the rest 0. */
void block_load_items(struct block *block, size_t first, size_t rows, uint64_t seed);

/* The rows' latents into pass.z, the rest 0. */
void block_load_latents(struct block *block, size_t first, size_t rows);

void block_end(struct block *block);

#endif
