/* SPDX-License-Identifier: MIT */
#include "run/identity.h"

#include "base/error.h"
#include "nn/safetensors.h"
#include "run/run_items.h"
#include "stream/labels.h"
#include "stream/targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NONE "not given" /* no option can have this value */
#define EPOCHS "epochs"  /* the option that may differ */
#define STREAM \
    "--stream" /* part of the identity, though it changes no result: what is known of the items differs */
#define KEY 64 /* bytes of an option's key, "--batch" */

/* Adds the options without --epochs, or with `epochs` only --epochs. */
static int put_options(json_t *identity, const struct option_value *options, bool epochs) {
    char key[KEY];
    int result = 0;
    for (const struct option_value *o = options; o->name != NULL; o++) {
        snprintf(key, sizeof key, "--%s", o->name);
        if (o->value != NULL && (strcmp(o->name, EPOCHS) == 0) == epochs)
            result |= metadata_put(identity, key, "%s", o->value);
    }
    return result;
}

/* The digests of the inputs. */
static const struct input_digest {
    const char *key, *option; /* in the metadata; the option that names the input */
    const char *read;         /* the input, in messages */
    size_t offset;            /* of the digest in struct run_data */
} digests[] = {
    {"data_xxh64", "data_xxh64", "the items", offsetof(struct run_data, train)},
    {"labels_xxh64", "--cond", "the labels of --cond", offsetof(struct run_data, labels)},
    {"target_xxh64", "--target", "the targets of --target", offsetof(struct run_data, target)},
    {"val_xxh64", "--val", "the items of --val", offsetof(struct run_data, validation)},
    {"val_labels_xxh64", "--val-cond", "the labels of --val-cond", offsetof(struct run_data, validation_labels)},
    {"val_target_xxh64", "--val-target", "the targets of --val-target",
     offsetof(struct run_data, validation_target)},
    {"start_xxh64", "--start-from", "the weights of --start-from", offsetof(struct run_data, start)},
};
#define DIGESTS (sizeof digests / sizeof *digests)

struct run_data run_data_of(struct run_items *r, uint64_t start) {
    const struct dataset *validation = &r->validation;
    const size_t items = (size_t)run_items_count(r);
    const struct items_read known = run_items_known(r);
    struct run_data data = {.train = !r->streams && known.items == items ? known.xxh64 : 0, .start = start};
    if (r->label != NULL)
        data.labels = labels_digest(r->label, items);
    if (r->target != NULL)
        data.target = targets_digest(r->target, items);
    if (validation->items > 0)
        data.validation = dataset_digest(validation);
    if (r->validation_label != NULL)
        data.validation_labels = labels_digest(r->validation_label, validation->items);
    if (r->validation_target != NULL)
        data.validation_target = targets_digest(r->validation_target, validation->items);
    return data;
}

static int put_digests(json_t *identity, const struct run_data *data) {
    int result = 0;
    for (size_t i = 0; i < DIGESTS; i++) {
        const uint64_t digest = *(const uint64_t *)((const char *)data + digests[i].offset);
        if (digest != 0)
            result |= metadata_put(identity, digests[i].key, "%016" PRIx64, digest);
    }
    return result;
}

static int put_all(json_t *identity, const struct training *t, const struct run_data *data,
                   const struct option_value *options, bool spans) {
    char shape[SHAPE_TEXT];
    const uint64_t items = training_items(t);
    return metadata_put(identity, "item_shape", "%s", shape_text(&t->data->shape, shape)) |
           metadata_put(identity, "dtype", "%s", dtype_name(t->data->dtype)) |
           (t->stream == NULL ? 0 : metadata_put(identity, STREAM, "%s", "")) |
           (items == 0 ? 0 : metadata_put(identity, "items", "%" PRIu64, items)) | put_digests(identity, data) |
           put_options(identity, options, false) |
           (spans ? put_options(identity, options, true) : 0); /* after the schedule, which makes it matter */
}

json_t *identity_make(const struct training *t, const struct run_data *data, const struct option_value *options,
                      bool spans) {
    json_t *identity = json_object();
    if (identity != NULL && put_all(identity, t, data, options, spans) == 0)
        return identity;
    json_decref(identity);
    (void)fail("checkpoint: out of memory for its metadata");
    return NULL;
}

const char *identity_text(const json_t *metadata, const char *key) {
    const char *text = json_string_value(json_object_get(metadata, key));
    return text == NULL ? NONE : text;
}

/* Returns the value of a key in a checkpoint. An option that was introduced later had the value `before`. */
static const char *text_then(const json_t *stored, const struct option_value *options, const char *key) {
    if (json_object_get(stored, key) == NULL && strncmp(key, "--", 2) == 0)
        for (const struct option_value *o = options; o->name != NULL; o++)
            if (strcmp(key + 2, o->name) == 0 && o->before != NULL)
                return o->before;
    return identity_text(stored, key);
}

static const struct input_digest *find_digest(const char *key) {
    for (size_t i = 0; i < DIGESTS; i++)
        if (strcmp(key, digests[i].key) == 0)
            return &digests[i];
    return NULL;
}

/* Returns a value as messages show it. Flags, and options whose input has a digest, are shown as "given" or "not
 * given". */
static const char *shown(const char *text, const struct input_digest *digest) {
    return strcmp(text, NONE) != 0 && (digest != NULL || *text == '\0') ? "given" : text;
}

static int check_same(const char *name, const json_t *stored, const json_t *identity,
                      const struct option_value *options, const char *key) {
    const char *then = text_then(stored, options, key), *now = identity_text(identity, key);
    const struct input_digest *digest = find_digest(key);
    if (strcmp(then, now) == 0)
        return 0;
    if (digest != NULL && digest->offset == offsetof(struct run_data, train) && strcmp(then, NONE) == 0)
        return 0; /* a signal ended that run before the digest was known; see run_state.h */
    if (digest != NULL && strcmp(then, NONE) != 0 && strcmp(now, NONE) != 0)
        return fail("%s: %s differ from those of the checkpoint: their XXH64 is %s, wanted %s: read the same "
                    "again, or start a new run without --continue or --resume",
                    name, digest->read, now, then);
    return fail("%s: %s is %s in this run, wanted %s as in the file", name, digest == NULL ? key : digest->option,
                shown(now, digest), shown(then, digest));
}

/* Checks the keys that are digests, or those that are not. 0 or -1. */
static int check_keys(const json_t *identity, const json_t *stored, const struct option_value *options,
                      bool (*is_other)(const char *key), const char *name, bool digest) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)identity, key, value) {
        if ((find_digest(key) != NULL) == digest && check_same(name, stored, identity, options, key) < 0)
            return -1;
    }
    json_object_foreach((json_t *)stored, key, value) {
        if ((find_digest(key) != NULL) == digest && !is_other(key) &&
            check_same(name, stored, identity, options, key) < 0)
            return -1;
    }
    return 0;
}

/* The digests come last: another --seed makes a fraction for --val take other items away. */
int identity_check(const json_t *identity, const json_t *stored, const struct option_value *options,
                   bool (*is_other)(const char *key), const char *name) {
    return check_same(name, stored, identity, options, STREAM) < 0 ||
                   check_keys(identity, stored, options, is_other, name, false) < 0
               ? -1
               : check_keys(identity, stored, options, is_other, name, true);
}
