/* SPDX-License-Identifier: MIT */
#ifndef QUERY_BLOCK_H
#define QUERY_BLOCK_H

#include "base/workers.h"
#include "model/model.h"
#include "stream/raw.h"

/* Inference takes items a block at a time, in constant memory. A block is cut into shards of BLOCK_SHARD rows, one
 * task each. With OpenBLAS the bits of a product depend on its size and on the row, and they must not depend on how
 * the stream is divided into blocks. So with OpenBLAS all rows of a shard are computed, with zeros in the rows that
 * hold no item, and an item's row is its number in the stream modulo whole_rows. */

#define BLOCK_SHARD 128 /* a multiple of every backend's whole_rows */
#define BLOCK_ROWS (4 * BLOCK_SHARD)

/* The rows of the pass that are computed, [base, base + all), and those that hold items, [first, first + rows). */
struct shard {
    size_t base, all, first, rows;
};

struct block {
    const struct model *model; /* not owned, like the workers */
    struct pass pass;
    struct workers *workers;
    enum dtype dtype; /* of the items at work */
    const unsigned char *data;
    size_t item_bytes, count;
    const uint32_t *label; /* [count], of a model that is conditional on labels; else NULL */
    uint64_t item;         /* the first one's number in its stream */
    void (*work)(struct block *block, const struct shard *shard);
    void *context; /* for `work` */
};

/* Allocates a block. The model's net must be packed (net_pack) before the block is run. 0 or -1; end with
 * block_end. */
int block_start(struct block *block, const struct model *model, struct workers *workers)
    __attribute__((warn_unused_result));

/* How many items may follow number `item` in one block. */
size_t block_room(uint64_t item);

/* Runs work() over `count` <= block_room(item) items at `data`, the first of which has number `item`, and their
 * labels, if any. */
void block_run(struct block *block, const void *data, const uint32_t *label, size_t count, uint64_t item);

/* The same in two halves, see workers_begin; the items and labels must last until block_finish. */
void block_begin(struct block *block, const void *data, const uint32_t *label, size_t count, uint64_t item);
void block_finish(struct block *block);

/* Which of the block's items, counted from 0, a row holds; and the row of an item. */
size_t block_index(const struct block *block, size_t row);
size_t block_row(const struct block *block, size_t index);

/* The shard's items into x as the model's config says (seed: of a binarization by draws), else 0. */
void block_load_items(struct block *block, const struct shard *shard, uint64_t seed);

/* The shard's latents into z, else 0; with labels these are their last numbers, in place of any others. */
void block_load_latents(struct block *block, const struct shard *shard);

void block_end(struct block *block);

#endif
