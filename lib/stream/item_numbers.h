/* SPDX-License-Identifier: MIT */
#ifndef STREAM_ITEM_NUMBERS_H
#define STREAM_ITEM_NUMBERS_H

#include "stream/raw.h"

/* A stream that has one number for each item of another stream, such as its label or its target. */
struct item_numbers {
    struct raw_reader reader;
    const char *what; /* what the numbers are, for messages, such as "labels"; not owned */
    bool there;       /* false: there is no stream, and the functions below do nothing */
};

/* Opens the stream at `path`; NULL: there is none. `check` is called after the first header: 0, or -1 with a
 * message if these are not the numbers wanted. 0 or -1; end with item_numbers_close in both cases. */
int item_numbers_open(struct item_numbers *numbers, const char *path, const char *what,
                      int (*check)(const struct raw_reader *reader)) __attribute__((warn_unused_result));

/* Reads the next `count` numbers to number [count], owned by the caller. `name` is that of the stream of items, for
 * the message. 0, or -1 if fewer are left. */
int item_numbers_next(struct item_numbers *numbers, double *number, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Called after the last item: checks that no number is left. 0 or -1. */
int item_numbers_finish(struct item_numbers *numbers, const char *name) __attribute__((warn_unused_result));

void item_numbers_close(struct item_numbers *numbers);

#endif
