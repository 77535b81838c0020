/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_FEED_H
#define TRAIN_FEED_H

#include "stream/blocks.h"

/* The items of an epoch, in the order in which they are trained on. They are shuffled block by block: the items of
 * a block among each other, the blocks in the order of the data. The order depends on the seed, the epoch and the
 * size of a block only, so data in memory and a stream give the same one. Of data in parts each part is shuffled by
 * itself, and each mini-batch has as many items of each part, those of part 0 first. */
struct feed {
    /* Set by the caller. */
    const struct dataset *data; /* all items, or those at hand, which are &stream->block; not owned */
    struct blocks *stream;      /* NULL: data has all items; not owned */
    size_t block;               /* items of a block; 0: all are one */
    size_t batch;               /* of data in parts: items of a mini-batch, of which each part has as many */
    uint64_t seed;
    /* Set by the functions below. */
    uint64_t epoch;
    bool has_failed;      /* a stream could not be read */
    size_t room;          /* items that there is memory for */
    uint32_t *order;      /* the places in `data` of the items at hand, in the order of the epoch; owned */
    uint32_t *part_order; /* the same of one part; owned */
};

/* Allocates the order. 0 or -1; end with feed_end in both cases. */
int feed_start(struct feed *feed) __attribute__((warn_unused_result));

/* Begins epoch `epoch`, from 1 on. 0 or -1. */
int feed_begin(struct feed *feed, uint64_t epoch) __attribute__((warn_unused_result));

/* The same for a run that goes on at item `position` of the epoch. A stream is read up to there, and its items must
 * be those that are known. 0 or -1. */
int feed_resume(struct feed *feed, uint64_t epoch, uint64_t position, const struct items_known *known)
    __attribute__((warn_unused_result));

/* Brings the items from `position` on to hand, which is at most the end of those at hand. Returns 1 when done; 0 if
 * the epoch is over, or if a signal came while a stream was waited for; -1 on error. */
int feed_next(struct feed *feed, uint64_t position) __attribute__((warn_unused_result));

/* Called before the `count` items from `position` on are trained on: asks the system for those some steps later, if
 * they are a mapped file. */
void feed_read_ahead(const struct feed *feed, uint64_t position, size_t count);

/* Returns the number of items at hand from `position` on. */
size_t feed_left(const struct feed *feed, uint64_t position);

/* Returns whether the epoch ends at `position`; false if that is not known yet. */
bool feed_ends(const struct feed *feed, uint64_t position);

/* Returns the number of items of an epoch; 0: not known yet. */
uint64_t feed_items(const struct feed *feed);

/* Returns the number in the epoch of the first item of `data`. */
uint64_t feed_first(const struct feed *feed);

/* Returns the place in `data` of the item at hand that is trained on at `position`. */
size_t feed_place(const struct feed *feed, uint64_t position);

void feed_end(struct feed *feed);

#endif
