/* SPDX-License-Identifier: MIT */
#ifndef QUERY_BATCH_H
#define QUERY_BATCH_H

#include "base/workers.h"
#include "model/model.h"
#include "stream/raw.h"

/* Inference takes a batch of items at a time, in constant memory. A batch is divided into ranges of rows; each
 * range is one task. A batch has fewer rows if the net's outputs of a row are large. With OpenBLAS the bits of a
 * product depend on its size and on the row, but results must not depend on how the stream is divided into batches.
 * So with OpenBLAS all rows of a range are computed, with zeros in the rows that hold no item, and a batch begins
 * at the row that is its first item's number in the stream modulo whole_rows. */

#define BATCH_ROWS 512          /* at most */
#define BATCH_BYTES (64u << 20) /* about as much memory as the outputs of a batch's layers may have */

/* Returns how many rows a batch has for a model: the same for each batch, on any number of threads. */
size_t batch_rows(const struct model *model);

/* The rows of the pass that are computed, [base, base + all), and the rows among them that hold items,
 * [first, first + rows). */
struct range {
    size_t base, all, first, rows;
};

struct batch {
    const struct model *model; /* not owned, like the workers */
    size_t rows, range_rows;   /* see batch_rows; the rows of a range, which depend on `count` and the threads */
    struct pass pass;          /* of `rows` items with one draw each; owned */
    struct workers *workers;
    enum dtype dtype;          /* of the items; set by the caller, like item_bytes, work and context */
    const unsigned char *data; /* the items [count]; not owned, like their labels */
    size_t item_bytes, count;
    const uint32_t
        *label;    /* [count]; NULL if the model is not conditional on labels, or takes latents with labels */
    uint64_t item; /* the number of the first item in its stream */
    const uint64_t *number; /* [count], of items that do not follow one another in their stream; else NULL, as
                             * batch_start leaves it */
    void (*work)(struct batch *batch, const struct range *range); /* called for each range, by any thread */
    void *context;                                                /* for `work` */
};

/* Allocates a batch. The model's net must be packed (net_pack) before the batch is run. 0 or -1; end with
 * batch_end. */
int batch_start(struct batch *batch, const struct model *model, struct workers *workers)
    __attribute__((warn_unused_result));

/* The same for a batch of `rows` <= batch_rows(model) rows, for a caller with few items. Not with OpenBLAS. */
int batch_start_rows(struct batch *batch, const struct model *model, struct workers *workers, size_t rows)
    __attribute__((warn_unused_result));

/* Returns how many items a batch of `rows` rows can hold whose first item has number `item`. */
size_t batch_room(size_t rows, uint64_t item);

/* Runs work() on all ranges of the `count` <= batch_room(rows, item) items at `data`. `item` is the number of the
 * first one in the stream; label [count] may be NULL, see struct batch. */
void batch_run(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item);

/* The same in two calls, see workers_begin. The items and labels must stay unchanged until batch_finish. */
void batch_begin(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item);
void batch_finish(struct batch *batch);

/* Convert between a row and the index, from 0, of the batch's item in this row. */
size_t batch_index(const struct batch *batch, size_t row);
size_t batch_row(const struct batch *batch, size_t index);

/* Converts the items of the range to x (see model_load_item), and sets their labels, if the model is conditional on
 * labels. `seed` is that of BINARIZE_SAMPLE. The other rows of the range become 0. */
void batch_load_items(struct batch *batch, const struct range *range, uint64_t seed);

/* Converts the latents of the range to z. If the batch has labels, they are written after each latent, one-hot. The
 * other rows of the range become 0. */
void batch_load_latents(struct batch *batch, const struct range *range);

void batch_end(struct batch *batch);

#endif
