/* SPDX-License-Identifier: MIT */
#include "query/evaluate_stream.h"

static const unsigned char *item_at(const struct stream_evaluation *s, size_t i) {
    return s->input.items + i * raw_item_bytes(&s->input.reader.frame);
}

/* Checks `count` items of the batch from item i on; the first one is number `item` of the stream. */
static int check(const struct stream_evaluation *s, size_t i, size_t count, uint64_t item) {
    const struct raw_reader *reader = &s->input.reader;
    return model_check_items(&s->model, reader->frame.dtype, item_at(s, i), count, reader->in.name, item);
}

static int check_items(void *context, size_t count, uint64_t item) {
    struct stream_evaluation *s = context;
    if (!s->bad.report && check(s, 0, count, item) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        s->refused[i] = s->bad.report && check(s, i, 1, item + i) < 0;
        s->grey =
            s->grey || (!s->refused[i] && model_finds_grey(&s->model, s->input.reader.frame.dtype, item_at(s, i)));
    }
    return 0;
}

/* Takes the figures of an item. 0, or -1 with a message if it is bad. */
static int take(struct stream_evaluation *s, size_t i, uint64_t item) {
    if (s->refused[i]) {
        evaluator_refuse(&s->evaluator, i);
        return check(s, i, 1, item); /* for its message */
    }
    if (evaluator_take(&s->evaluator, i, item, s->input.reader.in.name) < 0)
        return -1;
    return s->item == NULL ? 0 : s->item(s, i, item);
}

static int evaluate(void *context, size_t count, uint64_t item) {
    struct stream_evaluation *s = context;
    evaluator_run(&s->evaluator, s->input.reader.frame.dtype, s->input.items, s->input.label, s->input.target,
                  count, item);
    for (size_t i = 0; i < count; i++) {
        s->is_bad[i] = take(s, i, item + i) < 0;
        if (s->is_bad[i] && bad_items_add(&s->bad) < 0)
            return -1;
    }
    return s->batch(s, count, item);
}

static int begin_frame(void *context, uint64_t items, bool last) {
    struct stream_evaluation *s = context;
    return s->frame == NULL ? 0 : s->frame(s, items, last);
}

static int run_stream(struct stream_evaluation *s) {
    const struct raw_reader *reader = &s->input.reader;
    if (model_check_shape(&s->model, &reader->frame.shape, s->model_path, reader->in.name) < 0 ||
        (s->workers = workers_start(s->threads)) == NULL)
        return -1;
    int result = evaluator_start(&s->evaluator, &s->model, s->workers, s->samples, s->marginal, s->seed);
    s->input.rows = s->evaluator.batch.rows;
    if (result == 0 && s->begin != NULL)
        result = s->begin(s);
    if (result == 0)
        result = item_reader_run(&s->input);
    if (result == 0 && s->end != NULL)
        result = s->end(s);
    evaluator_end(&s->evaluator);
    workers_stop(s->workers);
    return result;
}

static int run_inputs(struct stream_evaluation *s) {
    s->input = (struct item_reader){.context = s, .frame = begin_frame, .check = check_items, .work = evaluate};
    if (model_check_labels(&s->model, s->labels_path, s->model_path) < 0 ||
        model_check_targets(&s->model, s->targets_path, s->model_path) < 0)
        return -1;
    int result = item_reader_open(&s->input, s->path, s->labels_path, s->model.config.classes);
    if (result == 0)
        result = item_reader_open_targets(&s->input, s->targets_path);
    if (result == 0)
        result = run_stream(s);
    item_reader_close(&s->input);
    return result;
}

int stream_evaluate(struct stream_evaluation *s) {
    if (model_load(&s->model, s->may_miss ? MODEL_MAY_MISS : MODEL_AS_TRAINED, s->model_path) < 0)
        return -1;
    s->model.keeps_grey = s->samples == 0;
    const int result = run_inputs(s);
    model_free(&s->model);
    return result;
}
