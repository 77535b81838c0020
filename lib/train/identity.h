/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_IDENTITY_H
#define TRAIN_IDENTITY_H

#include "train/train.h"

#include <jansson.h>

/* What tells one training run from another: the options that change its result, each by its name ("--batch"), and
 * what was read. An object of strings, which lies in the run's checkpoint. */

/* XXH64 of all that is read; 0: not read. */
struct run_data {
    uint64_t train, labels, validation, validation_labels, start;
};

/* Of a training that has been started, by the options that the tool was given. `spans`: how many epochs there are
 * to be counts, too. NULL with a message, or a new reference. */
json_t *identity_make(const struct training *training, const struct run_data *data, bool spans);

/* 0 if `stored`, the metadata of the checkpoint called `name`, is of the same run, else -1 with a message that
 * names what differs and both values. An option that is not in it had the default of now: a checkpoint of an
 * earlier version stays one. Keys that `is_other` of are not looked at. */
int identity_check(const json_t *identity, const json_t *stored, bool (*is_other)(const char *key),
                   const char *name) __attribute__((warn_unused_result));

/* The text of a key, "not given" if there is none. */
const char *identity_text(const json_t *metadata, const char *key);

#endif
