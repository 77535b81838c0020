/* SPDX-License-Identifier: MIT */
#ifndef QUERY_BAD_ITEMS_H
#define QUERY_BAD_ITEMS_H

#include "stream/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Items of a stream that get no answer: those that the model does not accept, and those whose answer is not finite.
 * They end the work, or are reported and answered by NaN, as --on-bad says. */

#define BAD_ITEMS_NAMED 10 /* so many are reported by name, the others by their number */

struct bad_items {
    bool report; /* set by the tool */
    uint64_t count;
};

/* To be called for each bad item, in the order of the stream, after fail() has kept the reason. Returns -1 if the
 * item ends the work. Otherwise counts it, reports it on stderr if it is among the first ones, and returns 0. */
int bad_items_add(struct bad_items *bad) __attribute__((warn_unused_result));

/* Reports how many items of the stream `name` were not reported by name. Returns the result of the whole work:
 * `result` if it is negative, EXIT_BAD if there were bad items, or 0. */
int bad_items_finish(const struct bad_items *bad, const char *name, int result) __attribute__((warn_unused_result));

/* Sets n numbers of a real dtype to NaN. */
void bad_items_answer(enum dtype dtype, void *answer, size_t n);

#endif
