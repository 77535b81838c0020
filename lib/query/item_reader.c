/* SPDX-License-Identifier: MIT */
#include "query/item_reader.h"

#include "base/error.h"
#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>

int item_reader_open(struct item_reader *f, const char *path, const char *labels_path, size_t classes) {
    return raw_open(&f->reader, path) < 0 || labels_open(&f->labels, labels_path, classes) < 0 ? -1 : 0;
}

int item_reader_open_targets(struct item_reader *f, const char *path) {
    return targets_open(&f->targets, path);
}

void item_reader_close(struct item_reader *f) {
    item_numbers_close(&f->targets);
    labels_close(&f->labels);
    raw_close(&f->reader);
}

static int run_batch(struct item_reader *f, size_t count, uint64_t item) {
    uint32_t *label = f->labels_of_batch[f->turn];
    double *target = f->targets_of_batch[f->turn];
    f->label = f->labels.numbers.there ? label : NULL;
    f->target = f->targets.there ? target : NULL;
    if (f->check(f->context, count, item) < 0 || labels_next(&f->labels, label, count, f->reader.in.name) < 0 ||
        targets_next(&f->targets, target, count, f->reader.in.name) < 0)
        return -1;
    return f->work(f->context, count, item);
}

/* Returns how many batches are in memory at the same time. */
static unsigned batches(const struct item_reader *f) {
    return f->flush == NULL ? 1 : 2;
}

/* Completes the work on a frame when all its items are read, since the header of the next frame
 * follows their results. */
static int flush_frame(struct item_reader *f) {
    return f->flush == NULL || f->reader.left > 0 ? 0 : f->flush(f->context);
}

/* Reads the items of one frame, after its header. */
static int run_frame(struct item_reader *f) {
    for (;; f->turn = (f->turn + 1) % batches(f)) {
        const uint64_t item = f->reader.items;
        f->items = f->memory + f->turn * f->rows * raw_item_bytes(&f->reader.frame);
        if (flush_frame(f) < 0)
            return -1;
        const ssize_t n = raw_read(&f->reader, f->items, batch_room(f->rows, item));
        if (n <= 0)
            return (int)n;
        if (run_batch(f, (size_t)n, item) < 0)
            return -1;
        progress_items(f->reader.items, f->reader.total);
    }
}

static int run_frames(struct item_reader *f) {
    int more;
    while ((more = raw_next(&f->reader)) == 1)
        if (f->frame(f->context, f->reader.frame.items, f->reader.frame.last) < 0 || run_frame(f) < 0)
            return -1;
    return more < 0 || labels_finish(&f->labels, f->reader.in.name) < 0
               ? -1
               : item_numbers_finish(&f->targets, f->reader.in.name);
}

/* Completes the work on the items before the error. Their results are still written; if this fails, its message
 * replaces that of the error. Neither the output nor the message then depends on how far ahead the reader has
 * read. */
static int end_failed(struct item_reader *f) {
    char reason[ERROR_MESSAGE];
    snprintf(reason, sizeof reason, "%s", error_message());
    return f->flush != NULL && f->flush(f->context) < 0 ? -1 : fail("%s", reason);
}

static void flush_at_pauses(const struct item_reader *f, struct input *in) {
    in->paused = f->flush;
    in->context = f->context;
}

int item_reader_run(struct item_reader *f) {
    const size_t items = batches(f) * f->rows;
    f->memory = calloc(items, raw_item_bytes(&f->reader.frame));
    if (f->memory == NULL)
        return fail("%s: out of memory for %zu items", f->reader.in.name, items);
    flush_at_pauses(f, &f->reader.in);
    flush_at_pauses(f, &f->labels.numbers.reader.in);
    flush_at_pauses(f, &f->targets.reader.in);
    const int result = run_frames(f) < 0 ? end_failed(f) : 0;
    free(f->memory);
    f->memory = NULL;
    return result;
}
