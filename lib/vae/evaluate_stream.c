#include "vae/evaluate_stream.h"

#include "base/error.h"
#include "base/progress.h"

#include <stdlib.h>

static int check_items(struct stream_evaluation *s, const unsigned char *items, size_t count, uint64_t item) {
    const struct raw_frame *frame = &s->reader.frame;
    for (size_t i = 0; i < count; i++) {
        const unsigned char *one = items + i * raw_item_bytes(frame);
        if (model_check_item(&s->model, frame->dtype, one, s->reader.in.name, item + i) < 0)
            return -1;
        s->grey = s->grey || model_finds_grey(&s->model, frame->dtype, one);
    }
    return 0;
}

static int evaluate(struct stream_evaluation *s, const unsigned char *items, size_t count, uint64_t item) {
    uint32_t label[BLOCK_ROWS];
    if (labels_next(&s->labels, label, count, s->reader.in.name) < 0)
        return -1;
    return evaluator_add(&s->evaluator, s->reader.frame.dtype, items, s->labels.classes > 0 ? label : NULL, count,
                         item, s->reader.in.name);
}

/* The items of one frame behind its header. */
static int run_frame(struct stream_evaluation *s, unsigned char *items) {
    for (;;) {
        const uint64_t item = s->reader.items;
        ssize_t n = raw_read(&s->reader, items, block_room(item));
        if (n <= 0)
            return (int)n;
        s->items = items;
        if (check_items(s, items, (size_t)n, item) < 0 || evaluate(s, items, (size_t)n, item) < 0)
            return -1;
        s->held = s->labels.classes > 0 && s->reader.left == 0 && s->reader.frame.last ? (size_t)n : 0;
        if (s->held == 0 && s->block(s, (size_t)n, item) < 0)
            return -1;
        progress_items(s->reader.items, s->reader.total);
    }
}

static int begin_frame(struct stream_evaluation *s, uint64_t items, bool last) {
    return s->frame == NULL ? 0 : s->frame(s, items, last);
}

/* Hands on what is held back, where another frame follows or no label. */
static int release(struct stream_evaluation *s, bool follows) {
    const size_t count = s->held;
    const bool empty = s->empty;
    s->held = 0;
    s->empty = false;
    if (!follows && labels_finish(&s->labels, s->reader.in.name) < 0)
        return -1;
    if (count > 0 && s->block(s, count, s->reader.items - count) < 0)
        return -1;
    return empty ? begin_frame(s, 0, true) : 0;
}

static int run_frames(struct stream_evaluation *s, unsigned char *items) {
    const struct raw_frame *frame = &s->reader.frame;
    int more;
    while ((more = raw_next(&s->reader)) == 1) {
        if (release(s, true) < 0)
            return -1;
        s->empty = s->labels.classes > 0 && frame->last && frame->items == 0;
        if (!s->empty && (begin_frame(s, frame->items, frame->last) < 0 || run_frame(s, items) < 0))
            return -1;
    }
    if (more < 0 || release(s, false) < 0)
        return -1;
    return s->end == NULL ? 0 : s->end(s);
}

static int run_stream(struct stream_evaluation *s) {
    if (model_check_shape(&s->model, &s->reader.frame.shape, s->model_path, s->reader.in.name) < 0 ||
        (s->workers = workers_start(s->threads)) == NULL)
        return -1;
    int result = evaluator_start(&s->evaluator, &s->model, s->workers, s->samples, s->marginal, s->seed);
    if (result == 0 && s->begin != NULL)
        result = s->begin(s);
    unsigned char *items = NULL;
    if (result == 0 && (items = malloc(BLOCK_ROWS * raw_item_bytes(&s->reader.frame))) == NULL)
        result = fail("%s: out of memory for %d items", s->reader.in.name, BLOCK_ROWS);
    if (result == 0)
        result = run_frames(s, items);
    free(items);
    evaluator_end(&s->evaluator);
    workers_stop(s->workers);
    return result;
}

static int run_inputs(struct stream_evaluation *s) {
    if (model_check_labels(&s->model, s->labels_path, s->model_path) < 0 || raw_open(&s->reader, s->path) < 0)
        return -1;
    int result = labels_open(&s->labels, s->labels_path, s->model.config.classes);
    if (result == 0)
        result = run_stream(s);
    labels_close(&s->labels);
    raw_close(&s->reader);
    return result;
}

int stream_evaluate(struct stream_evaluation *s) {
    if (model_load(&s->model, s->model_path) < 0)
        return -1;
    s->model.config.missing = s->model.config.missing || s->may_miss;
    const int result = run_inputs(s);
    model_free(&s->model);
    return result;
}
