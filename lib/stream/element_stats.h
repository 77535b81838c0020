/* SPDX-License-Identifier: MIT */
#ifndef STREAM_ELEMENT_STATS_H
#define STREAM_ELEMENT_STATS_H

#include "stream/dtype.h"

/* Statistics of each element of a stream's items, over all items. NaNs are left out. Memory is five numbers per
 * element, and is used as data arrives. */

struct element {
    uint64_t count;        /* of its numbers */
    double mean, min, max; /* of a count of 0: 0 */
    double squares;        /* the sum of squared deviations from the mean */
};

struct element_stats {
    struct element *all; /* owned: [elements] */
    size_t elements, at; /* `at`: the element that comes next */
};

/* 0, or -1 if there is no memory; `stream` begins the message. */
int element_stats_create(struct element_stats *stats, size_t elements, const char *stream)
    __attribute__((warn_unused_result));

/* Adds the next `count` numbers of the stream, at any alignment. They may begin or end inside an item. */
void element_stats_add(struct element_stats *stats, enum dtype dtype, const void *numbers, size_t count);

/* The standard deviation, with the sum of squares divided by the count. NaN without numbers, and of infinities. */
double element_deviation(const struct element *element);

void element_stats_free(struct element_stats *stats);

#endif
