/* SPDX-License-Identifier: MIT */
#ifndef STREAM_SELECTION_H
#define STREAM_SELECTION_H

#include "base/number_list.h"
#include "stream/labels.h"

/* Which items of a stream are chosen: those for which all of the conditions hold, each of them by the item's number
 * in the stream. What is chosen does not depend on the stream's frames. */
struct selection {
    /* Set by the caller. */
    uint64_t skip;            /* leave out the items below this number */
    uint64_t stride;          /* of the others, take every stride-th, from the first one on; at least 1 */
    struct number_list items; /* take these numbers; without ranges: all */
    const char *labels;       /* the stream of labels; NULL: none */
    size_t class;             /* take items with this label */
    double fraction;          /* of these, choose each with this probability, and the others are the rest; 1: all */
    uint64_t seed;            /* of the random choice */
    uint64_t count;           /* choose no more than this; UINT64_MAX: all */
    /* Set by the functions below. */
    struct labels reader;
    size_t at;         /* in the list of items */
    uint64_t chosen;   /* so far */
    uint64_t of_class; /* items with the label, so far */
};

enum side { SIDE_NONE, SIDE_CHOSEN, SIDE_REST, SIDES };

/* Opens the labels, if there are any. 0 or -1; end with selection_close in both cases. */
int selection_open(struct selection *selection) __attribute__((warn_unused_result));

void selection_close(struct selection *selection);

/* Sets side[0..n), each an enum side, for the next n items, of which the first has number `first`, and reads their
 * labels. `stream` is the name of the items' stream, for messages. 0 or -1. */
int selection_choose(struct selection *selection, uint64_t first, size_t n, unsigned char *side, const char *stream)
    __attribute__((warn_unused_result));

/* True if no item is left to be chosen, since there are `count`. */
bool selection_is_done(const struct selection *selection);

/* Called after the last item of a stream of `items`: checks that all items that were asked for were there, and that
 * no label is left. 0 or -1. */
int selection_finish(struct selection *selection, uint64_t items, const char *stream)
    __attribute__((warn_unused_result));

#endif
