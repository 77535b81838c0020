/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_DISTINCT_H
#define TRAIN_DISTINCT_H

#include "stream/dataset.h"

/* Chooses `count` items, at most those of the data, that are spread over it, and of different bytes as long as
 * there are such items. An item whose bytes were chosen before is replaced by the next one whose bytes were not.
 * Writes chosen [count], and returns how many of them have different bytes; 0 with a message if memory runs out. */
size_t distinct_items(const struct dataset *data, size_t count, size_t *chosen);

#endif
