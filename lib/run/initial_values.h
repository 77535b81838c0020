/* SPDX-License-Identifier: MIT */
#ifndef RUN_INITIAL_VALUES_H
#define RUN_INITIAL_VALUES_H

#include "model/model.h"
#include "stream/dataset.h"

/* How the parameters of a model are set before the first step of training. */
struct initial_values {
    struct initializer initializer;
    bool at_mean;     /* set the output biases from the mean of the data, see model_start_at_mean */
    const char *from; /* path of a model, or of a plain safetensors file, to copy the parameters of; NULL: none */
};

/* What initial_values_set has found. */
struct initial_facts {
    uint64_t from_xxh64;    /* XXH64 of the values of initial_values.from; 0: there is none */
    size_t different_items; /* of which the pseudo-inputs start; 0: there are none */
};

/* Sets the parameters of a model that was created for this data. label [items]: NULL if the model is not
 * conditional on labels. The pseudo-inputs of a VampPrior start as the encoder's inputs of different items (see
 * distinct_items). Refuses a model start->from whose config differs other than in binarize and logvar_bound; the
 * message has both values. The mean and deviation of targets become those of that model. A safetensors file of
 * another program has no config, and must have the tensors of this model. What depends on items is left out if
 * `data` is without them, as that of a part that another rank has. 0 or -1. */
int initial_values_set(const struct initial_values *start, struct model *model, const struct dataset *data,
                       const uint32_t *label, uint64_t seed, struct initial_facts *facts)
    __attribute__((warn_unused_result));

#endif
