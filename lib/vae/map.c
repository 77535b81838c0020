#include "vae/map.h"

#include "base/error.h"

#include <inttypes.h>

static const float *result(const struct map *map, size_t row) {
    return map->results + row * shape_elements(&map->shape);
}

static void work(struct block *block, const struct shard *shard) {
    struct map *map = block->context;
    map->shard(map, shard);
    for (size_t row = shard->first; row < shard->first + shard->rows; row++)
        map->finite[row] = math_kernel()->finite(result(map, row), shape_elements(&map->shape));
}

static int check_results(const struct map *map, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!map->finite[block_row(&map->block, i)])
            return fail("%s: item %" PRIu64
                        " has a result that is not finite, wanted numbers: is it like those that %s "
                        "was trained on?",
                        map->feed.reader.in.name, map->block.item + i, map->model_path);
    return 0;
}

static int check_items(void *context, size_t count, uint64_t item) {
    struct map *map = context;
    for (size_t i = 0; i < count; i++)
        if (map->check(map, map->feed.items + i * map->block.item_bytes, item + i) < 0)
            return -1;
    return 0;
}

static int run_block(void *context, size_t count, uint64_t item) {
    struct map *map = context;
    block_run(&map->block, map->feed.items, map->feed.label, count, item);
    if (check_results(map, count) < 0)
        return -1;
    return raw_write(&map->out, result(map, block_row(&map->block, 0)),
                     count * shape_elements(&map->shape) * sizeof *map->results);
}

static int write_header(void *context, uint64_t items, bool last) {
    struct map *map = context;
    const struct raw_frame frame = {DTYPE_F32, map->shape, items, last};
    return raw_write_header(&map->out, &frame);
}

static int run_stream(struct map *map, struct workers *workers) {
    struct block *block = &map->block;
    if (block_start(block, &map->model, workers) < 0)
        return -1;
    block->dtype = map->feed.reader.frame.dtype;
    block->item_bytes = raw_item_bytes(&map->feed.reader.frame);
    block->work = work;
    block->context = map;
    const int status = map->prepare(map) < 0 ? -1 : feed_run(&map->feed);
    block_end(block);
    return status;
}

static int run_inputs(struct map *map) {
    map->feed = (struct feed){.context = map, .frame = write_header, .check = check_items, .work = run_block};
    if (map->labels_path != NULL && model_check_labels(&map->model, map->labels_path, map->model_path) < 0)
        return -1;
    int result = feed_open(&map->feed, map->path, map->labels_path, map->model.config.classes);
    if (result == 0) {
        struct workers *workers = workers_start(map->threads);
        result = workers == NULL ? -1 : run_stream(map, workers);
        workers_stop(workers);
    }
    feed_close(&map->feed);
    return result;
}

int map_run(struct map *map) {
    if (raw_writer_start(&map->out) < 0 || model_load(&map->model, map->model_path) < 0)
        return -1;
    const int result = run_inputs(map);
    model_free(&map->model);
    return result < 0 ? -1 : raw_finish(&map->out);
}
