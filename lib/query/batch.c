/* SPDX-License-Identifier: MIT */
#include "query/batch.h"

#include "base/number.h"

#include <string.h>

#define RANGES 4           /* least number of ranges, if items are many */
#define RANGE_ROWS_LEAST 8 /* rows of a range are at least so many, since all weights are read for each range */

/* Returns the multiple of whole_rows that is not below `rows`. */
static size_t whole(size_t rows) {
    const size_t each = products()->whole_rows;
    return divide_up(rows, each) * each;
}

/* Returns the rows of a range if a batch has so many: a range or more for each thread. */
static size_t range_rows(size_t rows, size_t threads) {
    return whole(larger(divide_up(rows, larger(RANGES, threads)), RANGE_ROWS_LEAST));
}

/* With OpenBLAS each range is computed as a whole, so they are whole ranges. */
size_t batch_rows(const struct model *model) {
    const size_t bytes = pass_row_bytes(&model->net, 0, model->net.layers), most = BATCH_BYTES / bytes;
    const size_t rows = smaller(larger(most, 1), BATCH_ROWS);
    return products()->whole_rows == 1 ? rows : divide_up(rows, range_rows(rows, 1)) * range_rows(rows, 1);
}

int batch_start(struct batch *batch, const struct model *model, struct workers *workers) {
    return batch_start_rows(batch, model, workers, batch_rows(model));
}

int batch_start_rows(struct batch *batch, const struct model *model, struct workers *workers, size_t rows) {
    *batch = (struct batch){.model = model, .workers = workers, .rows = rows};
    if (pass_create(&batch->pass, &model->net, 0, model->net.layers,
                    &(struct pass_size){.items = rows, .draws = 1, .threads = workers_threads(workers)}) < 0)
        return -1;
    return products_check_memory(workers_threads(workers));
}

void batch_end(struct batch *batch) {
    pass_free(&batch->pass);
}

/* Returns the row of the first item of a batch that begins with item number `item`. */
static size_t offset(uint64_t item) {
    return (size_t)(item % products()->whole_rows);
}

size_t batch_room(size_t rows, uint64_t item) {
    return rows - offset(item);
}

size_t batch_index(const struct batch *batch, size_t row) {
    return row - offset(batch->item);
}

size_t batch_row(const struct batch *batch, size_t index) {
    return offset(batch->item) + index;
}

static void run_range(void *context, size_t i) {
    struct batch *batch = context;
    const size_t begin = offset(batch->item), end = begin + batch->count, base = i * batch->range_rows;
    struct range range = {.first = base > begin ? base : begin};
    range.rows = smaller(base + batch->range_rows, end) - range.first;
    const bool all = products()->whole_rows > 1;
    range.base = all ? base : range.first;
    range.all = all ? batch->range_rows : range.rows;
    batch->work(batch, &range);
}

void batch_begin(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item) {
    batch->data = data;
    batch->label = label;
    batch->count = count;
    batch->item = item;
    batch->range_rows = range_rows(offset(item) + count, workers_threads(batch->workers));
    workers_begin(batch->workers, divide_up(offset(item) + count, batch->range_rows), run_range, batch);
}

void batch_finish(struct batch *batch) {
    workers_finish(batch->workers);
}

void batch_run(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item) {
    batch_begin(batch, data, label, count, item);
    batch_finish(batch);
}

/* Sets the rows of the range that hold no item to 0, in an array with `columns` columns. */
static void clear_others(float *array, size_t columns, const struct range *s) {
    const size_t end = s->first + s->rows;
    memset(array + s->base * columns, 0, (s->first - s->base) * columns * sizeof *array);
    memset(array + end * columns, 0, (s->base + s->all - end) * columns * sizeof *array);
}

/* Sets the labels of the range's items; the other rows become 0. */
static void load_labels(struct batch *batch, const struct range *s) {
    const struct model *m = batch->model;
    clear_others(batch->pass.value[m->label].out, m->config.classes, s);
    for (size_t row = s->first; row < s->first + s->rows; row++)
        model_set_label(m, &batch->pass, row, batch->label[batch_index(batch, row)]);
}

void batch_load_items(struct batch *batch, const struct range *s, uint64_t seed) {
    const struct model *m = batch->model;
    clear_others(model_x(m, &batch->pass, 0), m->elements, s);
    for (size_t row = s->first; row < s->first + s->rows; row++) {
        const size_t i = batch_index(batch, row);
        model_load_item(m, batch->dtype, batch->data + i * batch->item_bytes,
                        (struct noise){.seed = seed,
                                       .purpose = PURPOSE_BINARIZE,
                                       .item = batch->number == NULL ? batch->item + i : batch->number[i]},
                        model_x(m, &batch->pass, row));
        model_set_previous(m, &batch->pass, row);
    }
    if (m->config.classes > 0)
        load_labels(batch, s);
}

void batch_load_latents(struct batch *batch, const struct range *s) {
    const struct model *m = batch->model;
    const size_t numbers = batch->item_bytes / dtype_size(batch->dtype);
    clear_others(draw_of(&batch->pass, m->z, 0), m->decoder_inputs, s);
    for (size_t row = s->first; row < s->first + s->rows; row++)
        dtype_to_float(batch->dtype, batch->data + batch_index(batch, row) * batch->item_bytes,
                       draw_of(&batch->pass, m->z, row), numbers);
    if (batch->label != NULL)
        load_labels(batch, s);
    for (size_t row = s->first; batch->label != NULL && row < s->first + s->rows; row++)
        draw_set_label(&batch->pass, m->z, row);
}
