/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_INITIAL_VALUES_H
#define TRAIN_INITIAL_VALUES_H

#include "model/model.h"
#include "stream/dataset.h"

/* The values that a model's parameters have before the first step of training. */
struct initial_values {
    struct initializer initializer;
    bool at_mean;     /* the output says the mean of the data, see model_start_at_mean */
    const char *from; /* path of a model, whose values they are instead; NULL: none */
};

/* Gives them to a model that was created for this data; label [items] if it is conditional on labels, else NULL.
 * A VampPrior's pseudo-inputs start as what the encoder sees of items, from all over the data. *from_xxh64 becomes
 * the XXH64 of start->from's values; 0: there is none. A model there that is not laid out alike, or takes items
 * otherwise than by binarize, is refused with both values. 0 or -1. */
int initial_values_set(const struct initial_values *start, struct model *model, const struct dataset *data,
                       const uint32_t *label, uint64_t seed, uint64_t *from_xxh64)
    __attribute__((warn_unused_result));

#endif
