/* SPDX-License-Identifier: MIT */
#ifndef QUERY_ITEM_READER_H
#define QUERY_ITEM_READER_H

#include "model/labels.h"
#include "query/batch.h"

/* Reads a stream of items, and the stream of their labels if there is one, a batch at a time, for the tools that
 * take items through a model. */
struct item_reader {
    /* Set by the caller; all are called in the stream's order and return 0 or -1. */
    void *context;
    int (*frame)(void *context, uint64_t items, bool last); /* called at the start of each frame */
    /* Called for each batch: `count` items at `items`, the first of which has number `item`. `check` is called
     * before their labels are read, `work` afterwards. */
    int (*check)(void *context, size_t count, uint64_t item);
    int (*work)(void *context, size_t count, uint64_t item);
    /* NULL, or `work` may only begin to work on a batch, which must be done when the next call of `work` or `flush`
     * returns: the items and labels of two batches are then in memory. Called at a frame's end, before the reader
     * waits for more bytes, and after an error. If `work` or `flush` itself fails, no batch may be at work. */
    int (*flush)(void *context);
    /* Set by item_reader_open and item_reader_run. */
    struct raw_reader reader;
    struct labels labels;
    unsigned char *items;  /* of the batch, in the stream's dtype; may be changed */
    const uint32_t *label; /* of the batch, NULL if there are none */
    unsigned turn;         /* the index of the batch, 0 or 1; without `flush` always 0 */
    unsigned char *memory; /* of the batches' items */
    uint32_t labels_of_batch[2][BATCH_ROWS];
};

/* Opens both streams; path NULL or "-": stdin; labels_path NULL: no labels, else labels below `classes`. 0 or -1;
 * end with item_reader_close in both cases. */
int item_reader_open(struct item_reader *reader, const char *path, const char *labels_path, size_t classes)
    __attribute__((warn_unused_result));

/* Runs the whole stream, to the end of both. 0 or -1; no batch is at work then. */
int item_reader_run(struct item_reader *reader) __attribute__((warn_unused_result));

void item_reader_close(struct item_reader *reader);

#endif
