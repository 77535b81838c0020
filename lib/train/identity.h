/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_IDENTITY_H
#define TRAIN_IDENTITY_H

#include "base/option_value.h"
#include "train/train.h"

#include <jansson.h>

/* What tells one training run from another: the options that change its result, each by its name ("--batch"), and
 * what was read. An object of strings, which lies in the run's checkpoint. */

/* XXH64 of all that is read; 0: not read. */
struct run_data {
    uint64_t train, labels, validation, validation_labels, start;
};

/* Of a training that has been started, with the run's options. `spans`: the number of epochs is part of it. NULL
 * with a message, or a new reference. */
json_t *identity_make(const struct training *training, const struct run_data *data,
                      const struct option_value *options, bool spans);

/* Checks that `stored`, the metadata of the checkpoint called `name`, is of the run with this identity and these
 * options. An option that it does not name did not exist then, and had the value `before`. Keys for which is_other
 * is true are not compared. 0, or -1 with a message that names a difference with both values. */
int identity_check(const json_t *identity, const json_t *stored, const struct option_value *options,
                   bool (*is_other)(const char *key), const char *name) __attribute__((warn_unused_result));

/* The text of a key, "not given" if there is none. */
const char *identity_text(const json_t *metadata, const char *key);

#endif
