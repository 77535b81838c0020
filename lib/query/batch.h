/* SPDX-License-Identifier: MIT */
#ifndef QUERY_BATCH_H
#define QUERY_BATCH_H

#include "base/workers.h"
#include "model/model.h"
#include "stream/raw.h"

/* Inference takes items a batch at a time, in constant memory. A batch is divided into ranges of BATCH_RANGE rows,
 * one task each. With OpenBLAS the bits of a product depend on its size and on the row, and they must not depend on
 * how the stream is divided into batches. So with OpenBLAS all rows of a range are computed, with zeros in the rows
 * that hold no item, and an item's row is its number in the stream modulo whole_rows. */

#define BATCH_RANGE 128 /* a multiple of every backend's whole_rows */
#define BATCH_ROWS (4 * BATCH_RANGE)

/* The rows of the pass that are computed, [base, base + all), and those that hold items, [first, first + rows). */
struct range {
    size_t base, all, first, rows;
};

struct batch {
    const struct model *model; /* not owned, like the workers */
    struct pass pass;
    struct workers *workers;
    enum dtype dtype; /* of the items at work */
    const unsigned char *data;
    size_t item_bytes, count;
    const uint32_t *label; /* [count], of a model that is conditional on labels; else NULL */
    uint64_t item;         /* the first one's number in its stream */
    void (*work)(struct batch *batch, const struct range *range);
    void *context; /* for `work` */
};

/* Allocates a batch. The model's net must be packed (net_pack) before the batch is run. 0 or -1; end with
 * batch_end. */
int batch_start(struct batch *batch, const struct model *model, struct workers *workers)
    __attribute__((warn_unused_result));

/* How many items may follow number `item` in one batch. */
size_t batch_room(uint64_t item);

/* Runs work() over `count` <= batch_room(item) items at `data`, the first of which has number `item`, and their
 * labels, if any. */
void batch_run(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item);

/* The same in two halves, see workers_begin; the items and labels must last until batch_finish. */
void batch_begin(struct batch *batch, const void *data, const uint32_t *label, size_t count, uint64_t item);
void batch_finish(struct batch *batch);

/* Which of the batch's items, counted from 0, a row holds; and the row of an item. */
size_t batch_index(const struct batch *batch, size_t row);
size_t batch_row(const struct batch *batch, size_t index);

/* The range's items into x as the model's config says (seed: of a binarization by draws), else 0. */
void batch_load_items(struct batch *batch, const struct range *range, uint64_t seed);

/* The range's latents into z, else 0; with labels these are their last numbers, in place of any others. */
void batch_load_latents(struct batch *batch, const struct range *range);

void batch_end(struct batch *batch);

#endif
