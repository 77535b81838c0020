#include "vae/map.h"

#include "base/error.h"
#include "base/progress.h"

#include <inttypes.h>
#include <stdlib.h>

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
                        map->reader.in.name, map->block.item + i, map->model_path);
    return 0;
}

/* Those of the block's first `count` items. */
static int write_results(const struct map *map, size_t count) {
    return output_write(&map->out, result(map, block_row(&map->block, 0)),
                        count * shape_elements(&map->shape) * sizeof *map->results);
}

/* The items of one frame behind its header. */
static int run_frame(struct map *map, unsigned char *items) {
    struct block *block = &map->block;
    uint32_t label[BLOCK_ROWS];
    for (;;) {
        const uint64_t number = map->reader.items;
        ssize_t n = raw_read(&map->reader, items, block_room(number));
        if (n <= 0)
            return (int)n;
        for (size_t i = 0; i < (size_t)n; i++)
            if (map->check(map, items + i * block->item_bytes, number + i) < 0)
                return -1;
        if (labels_next(&map->labels, label, (size_t)n, map->reader.in.name) < 0)
            return -1;
        block_run(block, items, map->labels.classes > 0 ? label : NULL, (size_t)n, number);
        if (check_results(map, (size_t)n) < 0)
            return -1;
        map->held = map->labels.classes > 0 && map->reader.left == 0 && map->reader.frame.last ? (size_t)n : 0;
        if (map->held == 0 && write_results(map, (size_t)n) < 0)
            return -1;
        progress_items(map->reader.items, map->reader.total);
    }
}

static int write_header(struct map *map, uint64_t items, bool last) {
    const struct raw_frame frame = {DTYPE_F32, map->shape, items, last};
    return raw_write_header(&map->out, &frame);
}

/* Puts out what is held back, where another frame follows or no label. */
static int release(struct map *map, bool follows) {
    const size_t count = map->held;
    const bool empty = map->empty;
    map->held = 0;
    map->empty = false;
    if (!follows && labels_finish(&map->labels, map->reader.in.name) < 0)
        return -1;
    if (count > 0 && write_results(map, count) < 0)
        return -1;
    return empty ? write_header(map, 0, true) : 0;
}

static int run_frames(struct map *map, unsigned char *items) {
    int more;
    while ((more = raw_next(&map->reader)) == 1) {
        const struct raw_frame *in = &map->reader.frame;
        if (release(map, true) < 0)
            return -1;
        map->empty = map->labels.classes > 0 && in->last && in->items == 0;
        if (!map->empty && (write_header(map, in->items, in->last) < 0 || run_frame(map, items) < 0))
            return -1;
    }
    return more == 0 ? release(map, false) : more;
}

static int run_stream(struct map *map, struct workers *workers) {
    struct block *block = &map->block;
    if (block_start(block, &map->model, workers) < 0)
        return -1;
    block->dtype = map->reader.frame.dtype;
    block->item_bytes = raw_item_bytes(&map->reader.frame);
    block->work = work;
    block->context = map;
    int status = map->prepare(map);
    unsigned char *items = NULL;
    if (status == 0 && (items = malloc(BLOCK_ROWS * block->item_bytes)) == NULL)
        status = fail("%s: out of memory", map->reader.in.name);
    if (status == 0)
        status = run_frames(map, items);
    free(items);
    block_end(block);
    return status;
}

static int run_inputs(struct map *map) {
    if (raw_open(&map->reader, map->path) < 0)
        return -1;
    if (map->labels_path != NULL && model_check_labels(&map->model, map->labels_path, map->model_path) < 0) {
        raw_close(&map->reader);
        return -1;
    }
    struct workers *workers = workers_start(map->threads);
    int result = workers == NULL ? -1 : labels_open(&map->labels, map->labels_path, map->model.config.classes);
    if (result == 0)
        result = run_stream(map, workers);
    labels_close(&map->labels);
    workers_stop(workers);
    raw_close(&map->reader);
    return result;
}

int map_run(struct map *map) {
    if (output_standard(&map->out) < 0 || model_load(&map->model, map->model_path) < 0)
        return -1;
    const int result = run_inputs(map);
    model_free(&map->model);
    return result;
}
