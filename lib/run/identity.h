/* SPDX-License-Identifier: MIT */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include "base/option_value.h"
#include "train/train.h"

#include <jansson.h>

/* The identity of a training run: the options that change its result, by their names ("--batch"), and digests of
 * its inputs. It is a JSON object of strings, and part of the metadata of the run's checkpoint. */

struct run_items;

/* The XXH64 of each input; 0: the input was not given, or its digest is not known yet. */
struct run_data {
    uint64_t train, labels, target, validation, validation_labels, validation_target, start;
};

/* Returns the digests of these inputs; start: that of the model that training starts from, or 0. */
struct run_data run_data_of(struct run_items *items, uint64_t start);

/* Returns a new reference to the identity of a training after training_start, with the options of the run; NULL
 * with a message if memory runs out. `spans`: the number of epochs is part of the identity. */
json_t *identity_make(const struct training *training, const struct run_data *data,
                      const struct option_value *options, bool spans);

/* Checks that `stored`, the metadata of the checkpoint `name`, belongs to the run with this identity and these
 * options. An option that `stored` lacks was introduced later, and is taken to have had the value
 * option_value.before. Keys for which is_other returns true are not compared. 0, or -1 with a message that names a
 * difference with both values. */
int identity_check(const json_t *identity, const json_t *stored, const struct option_value *options,
                   bool (*is_other)(const char *key), const char *name) __attribute__((warn_unused_result));

/* Returns the text of a key, or "not given" if there is none. It belongs to `metadata`. */
const char *identity_text(const json_t *metadata, const char *key);

#endif
