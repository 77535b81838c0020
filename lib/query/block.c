/* SPDX-License-Identifier: MIT */
#include "query/block.h"

#include <string.h>

int block_start(struct block *block, const struct model *model, struct workers *workers) {
    *block = (struct block){.model = model, .workers = workers};
    if (pass_create(&block->pass, &model->net, 0, model->net.layers, BLOCK_ROWS, 1, false) < 0)
        return -1;
    return products_check_memory(workers_threads(workers));
}

void block_end(struct block *block) {
    pass_free(&block->pass);
}

/* The row of the block's first item. */
static size_t offset(uint64_t item) {
    return (size_t)(item % products()->whole_rows);
}

size_t block_room(uint64_t item) {
    return BLOCK_ROWS - offset(item);
}

size_t block_index(const struct block *block, size_t row) {
    return row - offset(block->item);
}

size_t block_row(const struct block *block, size_t index) {
    return offset(block->item) + index;
}

static void run_shard(void *context, size_t i) {
    struct block *block = context;
    const size_t begin = offset(block->item), end = begin + block->count, base = i * BLOCK_SHARD;
    struct shard shard = {.first = base > begin ? base : begin};
    shard.rows = (base + BLOCK_SHARD < end ? base + BLOCK_SHARD : end) - shard.first;
    const bool whole = products()->whole_rows > 1;
    shard.base = whole ? base : shard.first;
    shard.all = whole ? BLOCK_SHARD : shard.rows;
    block->work(block, &shard);
}

void block_begin(struct block *block, const void *data, const uint32_t *label, size_t count, uint64_t item) {
    block->data = data;
    block->label = label;
    block->count = count;
    block->item = item;
    workers_begin(block->workers, (offset(item) + count + BLOCK_SHARD - 1) / BLOCK_SHARD, run_shard, block);
}

void block_finish(struct block *block) {
    workers_finish(block->workers);
}

void block_run(struct block *block, const void *data, const uint32_t *label, size_t count, uint64_t item) {
    block_begin(block, data, label, count, item);
    block_finish(block);
}

/* Zeros in the shard's rows of an array that are not items. */
static void clear_others(float *array, size_t columns, const struct shard *s) {
    const size_t end = s->first + s->rows;
    memset(array + s->base * columns, 0, (s->first - s->base) * columns * sizeof *array);
    memset(array + end * columns, 0, (s->base + s->all - end) * columns * sizeof *array);
}

/* Of the items, else 0. */
static void load_labels(struct block *block, const struct shard *s) {
    const struct model *m = block->model;
    clear_others(block->pass.value[m->label].out, m->config.classes, s);
    for (size_t row = s->first; row < s->first + s->rows; row++)
        model_set_label(m, &block->pass, row, block->label[block_index(block, row)]);
}

void block_load_items(struct block *block, const struct shard *s, uint64_t seed) {
    const struct model *m = block->model;
    clear_others(model_x(m, &block->pass, 0), m->elements, s);
    for (size_t row = s->first; row < s->first + s->rows; row++) {
        const size_t i = block_index(block, row);
        model_load_item(m, block->dtype, block->data + i * block->item_bytes,
                        (struct noise){.seed = seed, .purpose = PURPOSE_BINARIZE, .item = block->item + i},
                        model_x(m, &block->pass, row));
    }
    if (m->config.classes > 0)
        load_labels(block, s);
}

void block_load_latents(struct block *block, const struct shard *s) {
    const struct model *m = block->model;
    const size_t numbers = block->item_bytes / dtype_size(block->dtype);
    clear_others(draw_of(&block->pass, m->z, 0), m->decoder_inputs, s);
    for (size_t row = s->first; row < s->first + s->rows; row++)
        dtype_to_float(block->dtype, block->data + block_index(block, row) * block->item_bytes,
                       draw_of(&block->pass, m->z, row), numbers);
    if (block->label != NULL)
        load_labels(block, s);
    for (size_t row = s->first; block->label != NULL && row < s->first + s->rows; row++)
        draw_set_label(&block->pass, m->z, row);
}
