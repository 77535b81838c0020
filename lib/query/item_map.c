/* SPDX-License-Identifier: MIT */
#include "query/item_map.h"

#include "base/error.h"

#include <inttypes.h>

static const float *result(const struct item_map *map, const struct block *block, size_t row) {
    return map->results(map, &block->pass) + row * shape_elements(&map->shape);
}

static void work(struct block *block, const struct shard *shard) {
    struct item_map *map = block->context;
    bool *finite = map->finite[block - map->block];
    map->shard(map, block, shard);
    for (size_t row = shard->first; row < shard->first + shard->rows; row++)
        finite[row] = math_kernel()->finite(result(map, block, row), shape_elements(&map->shape));
}

static int check_results(const struct item_map *map, const struct block *block) {
    for (size_t i = 0; i < block->count; i++)
        if (!map->finite[block - map->block][block_row(block, i)])
            return fail("%s: item %" PRIu64
                        " has a result that is not finite, wanted numbers: is it like those that %s "
                        "was trained on?",
                        map->input.reader.in.name, block->item + i, map->model_path);
    return 0;
}

/* Writes the results of a block whose work is done. */
static int put_out(struct item_map *map, const struct block *block) {
    if (check_results(map, block) < 0)
        return -1;
    return raw_write(&map->out, result(map, block, block_row(block, 0)),
                     block->count * shape_elements(&map->shape) * sizeof(float));
}

static int check_items(void *context, size_t count, uint64_t item) {
    struct item_map *map = context;
    return map->check(map, map->input.items, count, item);
}

/* Waits for the block that the workers work on, and returns it; NULL: none. */
static struct block *finish(struct item_map *map) {
    struct block *done = map->busy;
    if (done != NULL)
        block_finish(done);
    map->busy = NULL;
    return done;
}

static int run_block(void *context, size_t count, uint64_t item) {
    struct item_map *map = context;
    const struct block *done = finish(map);
    map->busy = &map->block[map->input.turn];
    block_begin(map->busy, map->input.items, map->input.label, count, item);
    if (done == NULL || put_out(map, done) == 0)
        return 0;
    (void)finish(map); /* its results would follow a gap */
    return -1;
}

static int flush(void *context) {
    struct item_map *map = context;
    const struct block *done = finish(map);
    return done == NULL ? 0 : put_out(map, done);
}

static int write_header(void *context, uint64_t items, bool last) {
    struct item_map *map = context;
    const struct raw_frame frame = {.dtype = DTYPE_F32, .shape = map->shape, .items = items, .last = last};
    return raw_write_header(&map->out, &frame);
}

static int start_block(struct item_map *map, struct block *block, struct workers *workers) {
    if (block_start(block, &map->model, workers) < 0)
        return -1;
    block->dtype = map->input.reader.frame.dtype;
    block->item_bytes = raw_item_bytes(&map->input.reader.frame);
    block->work = work;
    block->context = map;
    return 0;
}

static int run_stream(struct item_map *map, struct workers *workers) {
    int result = map->prepare(map);
    if (result == 0)
        net_pack(&map->model.net);
    if (result == 0 &&
        (start_block(map, &map->block[0], workers) < 0 || start_block(map, &map->block[1], workers) < 0))
        result = -1;
    if (result == 0)
        result = item_reader_run(&map->input);
    block_end(&map->block[0]);
    block_end(&map->block[1]);
    return result;
}

static int run_inputs(struct item_map *map) {
    map->input = (struct item_reader){
        .context = map, .frame = write_header, .check = check_items, .work = run_block, .flush = flush};
    if (map->labels_path != NULL && model_check_labels(&map->model, map->labels_path, map->model_path) < 0)
        return -1;
    int result = item_reader_open(&map->input, map->path, map->labels_path, map->model.config.classes);
    if (result == 0) {
        struct workers *workers = workers_start(map->threads);
        result = workers == NULL ? -1 : run_stream(map, workers);
        workers_stop(workers);
    }
    item_reader_close(&map->input);
    return result;
}

int item_map_run(struct item_map *map) {
    if (raw_writer_start(&map->out) < 0 || model_load(&map->model, MODEL_AS_TRAINED, map->model_path) < 0)
        return -1;
    const int result = run_inputs(map);
    model_free(&map->model);
    return result < 0 ? -1 : raw_finish(&map->out);
}
