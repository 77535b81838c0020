/* SPDX-License-Identifier: MIT */
#include "query/batch.h"

#include <string.h>

int batch_start(struct batch *batch, const struct model *model, struct workers *workers) {
    *batch = (struct batch){.model = model, .workers = workers};
    if (pass_create(&batch->pass, &model->net, 0, model->net.layers,
                    &(struct pass_size){.items = BATCH_ROWS, .draws = 1, .threads = workers_threads(workers)}) < 0)
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

size_t batch_room(uint64_t item) {
    return BATCH_ROWS - offset(item);
}

size_t batch_index(const struct batch *batch, size_t row) {
    return row - offset(batch->item);
}

size_t batch_row(const struct batch *batch, size_t index) {
    return offset(batch->item) + index;
}

static void run_range(void *context, size_t i) {
    struct batch *batch = context;
    const size_t begin = offset(batch->item), end = begin + batch->count, base = i * BATCH_RANGE;
    struct range range = {.first = base > begin ? base : begin};
    range.rows = (base + BATCH_RANGE < end ? base + BATCH_RANGE : end) - range.first;
    const bool whole = products()->whole_rows > 1;
    range.base = whole ? base : range.first;
    range.all = whole ? BATCH_RANGE : range.rows;
    batch->work(batch, &range);
}

void batch_begin(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item) {
    batch->data = data;
    batch->label = label;
    batch->count = count;
    batch->item = item;
    workers_begin(batch->workers, (offset(item) + count + BATCH_RANGE - 1) / BATCH_RANGE, run_range, batch);
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
                        (struct noise){.seed = seed, .purpose = PURPOSE_BINARIZE, .item = batch->item + i},
                        model_x(m, &batch->pass, row));
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
