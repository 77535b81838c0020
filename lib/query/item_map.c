/* SPDX-License-Identifier: MIT */
#include "query/item_map.h"

#include "base/error.h"

#include <inttypes.h>

static float *result(const struct item_map *map, const struct batch *batch, size_t row) {
    return map->results(map, &batch->pass) + row * shape_elements(&map->shape);
}

static void work(struct batch *batch, const struct range *range) {
    struct item_map *map = batch->context;
    bool *finite = map->finite[batch - map->batch];
    map->range(map, batch, range);
    for (size_t row = range->first; row < range->first + range->rows; row++)
        finite[row] = math_kernel()->finite(result(map, batch, row), shape_elements(&map->shape));
}

/* Returns 0, or -1 with a message if item i of a batch is bad. */
static int check_item(const struct item_map *map, const struct batch *batch, size_t i) {
    const size_t turn = (size_t)(batch - map->batch);
    if (map->bad.report && map->refused[turn][i])
        return map->check(map, batch->data + i * batch->item_bytes, 1, batch->item + i); /* for its message */
    return map->finite[turn][batch_row(batch, i)]
               ? 0
               : fail("%s: item %" PRIu64
                      " has a result that is not finite, wanted numbers: is it like the items that %s "
                      "was trained on?",
                      map->input.reader.in.name, batch->item + i, map->model_path);
}

/* Answers the bad items. 0, or -1 if one ends the work. */
static int check_results(struct item_map *map, const struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        if (check_item(map, batch, i) == 0)
            continue;
        if (bad_items_add(&map->bad) < 0)
            return -1;
        bad_items_answer(DTYPE_F32, result(map, batch, batch_row(batch, i)), shape_elements(&map->shape));
    }
    return 0;
}

/* Writes the results of a batch after its work. 0, or -1 if a bad item ends the work, or writing fails. */
static int put_out(struct item_map *map, const struct batch *batch) {
    if (check_results(map, batch) < 0)
        return -1;
    return raw_write(&map->out, result(map, batch, batch_row(batch, 0)),
                     batch->count * shape_elements(&map->shape) * sizeof(float));
}

static int check_items(void *context, size_t count, uint64_t item) {
    struct item_map *map = context;
    const size_t bytes = raw_item_bytes(&map->input.reader.frame);
    if (!map->bad.report)
        return map->check(map, map->input.items, count, item);
    /* Their messages come in turn with those about results, see check_item. */
    for (size_t i = 0; i < count; i++)
        map->refused[map->input.turn][i] = map->check(map, map->input.items + i * bytes, 1, item + i) < 0;
    return 0;
}

/* Waits for the batch that the workers work on, and returns it; NULL: none. */
static struct batch *finish(struct item_map *map) {
    struct batch *done = map->busy;
    if (done != NULL)
        batch_finish(done);
    map->busy = NULL;
    return done;
}

static int run_batch(void *context, size_t count, uint64_t item) {
    struct item_map *map = context;
    const struct batch *done = finish(map);
    map->busy = &map->batch[map->input.turn];
    batch_begin(map->busy, map->input.items, map->input.label, count, item);
    if (done == NULL || put_out(map, done) == 0)
        return 0;
    (void)finish(map); /* its results would follow a gap */
    return -1;
}

static int flush(void *context) {
    struct item_map *map = context;
    const struct batch *done = finish(map);
    return done == NULL ? 0 : put_out(map, done);
}

static int write_header(void *context, uint64_t items, bool last) {
    struct item_map *map = context;
    const struct raw_frame frame = {.dtype = DTYPE_F32, .shape = map->shape, .items = items, .last = last};
    return raw_write_header(&map->out, &frame);
}

static int start_batch(struct item_map *map, struct batch *batch, struct workers *workers) {
    if (batch_start(batch, &map->model, workers) < 0)
        return -1;
    batch->dtype = map->input.reader.frame.dtype;
    batch->item_bytes = raw_item_bytes(&map->input.reader.frame);
    batch->work = work;
    batch->context = map;
    return 0;
}

static int run_stream(struct item_map *map, struct workers *workers) {
    int result = map->prepare(map);
    if (result == 0)
        net_pack(&map->model.net);
    if (result == 0 &&
        (start_batch(map, &map->batch[0], workers) < 0 || start_batch(map, &map->batch[1], workers) < 0))
        result = -1;
    map->input.rows = map->batch[0].rows;
    if (result == 0)
        result = item_reader_run(&map->input);
    batch_end(&map->batch[0]);
    batch_end(&map->batch[1]);
    return result;
}

static int run_inputs(struct item_map *map) {
    map->input = (struct item_reader){
        .context = map, .frame = write_header, .check = check_items, .work = run_batch, .flush = flush};
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
    return bad_items_finish(&map->bad, map->input.reader.in.name, result < 0 ? -1 : raw_finish(&map->out));
}
