/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_INITIAL_VALUES_H
#define TRAIN_INITIAL_VALUES_H

#include "model/model.h"
#include "stream/dataset.h"

/* How the parameters of a model are set before the first step of training. */
struct initial_values {
    struct initializer initializer;
    bool at_mean;     /* set the output biases from the mean of the data, see model_start_at_mean */
    const char *from; /* path of a model whose parameters are copied instead; NULL: none */
};

/* Sets the parameters of a model that was created for this data. label [items]: NULL if the model is not
 * conditional on labels. The pseudo-inputs of a VampPrior start as the encoder's inputs of items that are spread
 * over the data. *from_xxh64 becomes the XXH64 of the values of start->from, or 0 if there is none. Refuses a model
 * start->from whose config differs other than in binarize; the message has both values. 0 or -1. */
int initial_values_set(const struct initial_values *start, struct model *model, const struct dataset *data,
                       const uint32_t *label, uint64_t seed, uint64_t *from_xxh64)
    __attribute__((warn_unused_result));

#endif
