/* SPDX-License-Identifier: MIT */
#include "query/evaluate_stream.h"

static int check_items(void *context, size_t count, uint64_t item) {
    struct stream_evaluation *s = context;
    const struct raw_frame *frame = &s->input.reader.frame;
    if (model_check_items(&s->model, frame->dtype, s->input.items, count, s->input.reader.in.name, item) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        s->grey = s->grey || model_finds_grey(&s->model, frame->dtype, s->input.items + i * raw_item_bytes(frame));
    return 0;
}

static int evaluate(void *context, size_t count, uint64_t item) {
    struct stream_evaluation *s = context;
    if (evaluator_add(&s->evaluator, s->input.reader.frame.dtype, s->input.items, s->input.label, count, item,
                      s->input.reader.in.name) < 0)
        return -1;
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
    if (model_check_labels(&s->model, s->labels_path, s->model_path) < 0)
        return -1;
    int result = item_reader_open(&s->input, s->path, s->labels_path, s->model.config.classes);
    if (result == 0)
        result = run_stream(s);
    item_reader_close(&s->input);
    return result;
}

int stream_evaluate(struct stream_evaluation *s) {
    if (model_load(&s->model, s->may_miss ? MODEL_MAY_MISS : MODEL_AS_TRAINED, s->model_path) < 0)
        return -1;
    const int result = run_inputs(s);
    model_free(&s->model);
    return result;
}
