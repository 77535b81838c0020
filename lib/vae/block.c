#include "vae/block.h"

#include <string.h>

int block_start(struct block *block, const struct model *model, struct workers *workers) {
    *block = (struct block){.workers = workers};
    return pass_create(&block->pass, model, BLOCK_ROWS, false);
}

static void run_shard(void *context, size_t i) {
    struct block *block = context;
    const size_t first = i * BLOCK_SHARD, left = block->rows - first;
    block->shard(block, first, left < BLOCK_SHARD ? left : BLOCK_SHARD);
}

void block_run(struct block *block, size_t rows) {
    block->rows = rows;
    workers_run(block->workers, (rows + BLOCK_SHARD - 1) / BLOCK_SHARD, run_shard, block);
}

void block_load_items(struct block *block, size_t first, size_t rows, uint64_t seed) {
    const struct model *m = block->pass.model;
    float *x = block->pass.x + first * m->elements;
    for (size_t i = 0; i < rows; i++, x += m->elements)
        item_to_float(block->dtype, block->data + (first + i) * block->item_bytes, m->elements, m->config.binarize,
                      (struct noise){.seed = seed, .item = block->item + first + i}, x);
    memset(x, 0, (BLOCK_SHARD - rows) * m->elements * sizeof *x);
}

void block_load_latents(struct block *block, size_t first, size_t rows) {
    const size_t latent = block->pass.model->config.latent;
    float *z = block->pass.z + first * latent;
    dtype_to_float(block->dtype, block->data + first * block->item_bytes, z, rows * latent);
    memset(z + rows * latent, 0, (BLOCK_SHARD - rows) * latent * sizeof *z);
}

void block_end(struct block *block) {
    pass_free(&block->pass);
}
