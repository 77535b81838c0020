/* SPDX-License-Identifier: MIT */
#ifndef QUERY_ITEM_READER_H
#define QUERY_ITEM_READER_H

#include "stream/labels.h"
#include "stream/targets.h"
#include "query/batch.h"

/* Reads a stream of items, and the streams of their labels and targets if there are any, in batches, for the tools
 * that run items through a model. */
struct item_reader {
    size_t rows; /* of a batch, see batch_rows; set before item_reader_run */
    /* Set by the caller. The functions are called in the order of the stream, and return 0 or -1. */
    void *context;                                          /* for the functions */
    int (*frame)(void *context, uint64_t items, bool last); /* called at the start of each frame of `items` items */
    /* Called for each batch of `count` items, which are at `items`; the first has number `item`. `check` is called
     * before the labels are read, `work` afterwards. */
    int (*check)(void *context, size_t count, uint64_t item);
    int (*work)(void *context, size_t count, uint64_t item);
    /* NULL: `work` must complete its batch. Otherwise `work` may start work on a batch that goes on after it
     * returns; the next call of `work` or `flush` must complete it. The items and labels of two batches are then in
     * memory. `flush` is called at the end of a frame, before the reader waits for more bytes, and after an error.
     * If `work` or `flush` fails, it must have stopped all work on batches. */
    int (*flush)(void *context);
    /* Set by item_reader_open and item_reader_run. */
    struct raw_reader reader;
    struct labels labels;
    struct item_numbers targets;
    unsigned char *items;  /* the items of the batch, in the stream's dtype; `work` may change them */
    const uint32_t *label; /* the labels of the batch; NULL: there are none */
    const double *target;  /* the targets of the batch, NaN if not known; NULL: there are none */
    unsigned turn;         /* the index of the batch, 0 or 1; without `flush` always 0 */
    unsigned char *memory; /* for the items of the batches; owned */
    uint32_t labels_of_batch[2][BATCH_ROWS];
    double targets_of_batch[2][BATCH_ROWS];
};

/* Opens both streams. path NULL or "-": stdin. labels_path NULL: there are no labels; otherwise they must be below
 * `classes`. 0 or -1; end with item_reader_close in both cases. */
int item_reader_open(struct item_reader *reader, const char *path, const char *labels_path, size_t classes)
    __attribute__((warn_unused_result));

/* Opens the stream of targets after item_reader_open; path NULL: there are none. 0 or -1. */
int item_reader_open_targets(struct item_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Reads all streams to their ends. 0 or -1; after both no work on a batch is left. */
int item_reader_run(struct item_reader *reader) __attribute__((warn_unused_result));

void item_reader_close(struct item_reader *reader);

#endif
