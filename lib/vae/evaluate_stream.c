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
    return evaluator_add(&s->evaluator, s->reader.frame.dtype, items, s->labels.classes > 0 ? label : NULL, count, item,
                         s->reader.in.name);
}

/* The items of one frame behind its header. */
static int run_frame(struct stream_evaluation *s, unsigned char *items) {
    for (;;) {
        const uint64_t item = s->reader.items;
        ssize_t n = raw_read(&s->reader, items, block_room(item));
        if (n <= 0)
            return (int)n;
        s->items = items;
        if (check_items(s, items, (size_t)n, item) < 0 || evaluate(s, items, (size_t)n, item) < 0 ||
            s->block(s, (size_t)n, item) < 0)
            return -1;
        progress_items(s->reader.items, s->reader.total);
    }
}

static int run_frames(struct stream_evaluation *s) {
    unsigned char *items = malloc(BLOCK_ROWS * raw_item_bytes(&s->reader.frame));
    int more;
    if (items == NULL)
        return fail("%s: out of memory for %d items", s->reader.in.name, BLOCK_ROWS);
    while ((more = raw_next(&s->reader)) == 1)
        if ((s->frame != NULL && (more = s->frame(s)) < 0) || (more = run_frame(s, items)) < 0)
            break;
    free(items);
    if (more == 0)
        more = labels_finish(&s->labels, s->reader.in.name);
    return more < 0 || s->end == NULL ? more : s->end(s);
}

static int run_stream(struct stream_evaluation *s) {
    if (model_check_shape(&s->model, &s->reader.frame.shape, s->model_path, s->reader.in.name) < 0 ||
        (s->workers = workers_start(s->threads)) == NULL)
        return -1;
    int result = evaluator_start(&s->evaluator, &s->model, s->workers, s->samples, s->marginal, s->seed);
    if (result == 0 && s->begin != NULL)
        result = s->begin(s);
    if (result == 0)
        result = run_frames(s);
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
