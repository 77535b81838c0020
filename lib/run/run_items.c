/* SPDX-License-Identifier: MIT */
#include "run/run_items.h"

#include "base/error.h"
#include "base/io.h"
#include "base/number.h"
#include "base/ranks.h"
#include "run/split.h"
#include "stream/labels.h"
#include "stream/targets.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static int check_items(const struct dataset *set, const struct model_config *config) {
    return model_config_check_items(config, set->dtype, set->data, set->items, set->name, 0);
}

/* Sets what follows from the shape of the items: the shape itself, and the decoder's mirrored layers. 0 or -1. */
static int set_shape(const struct run_items *r, struct model_config *config) {
    const struct image item = model_item_image(&r->train->shape);
    config->item = r->train->shape;
    return config->decoder.layers == HIDDEN_NOT_GIVEN
               ? hidden_mirror(&config->decoder, &config->encoder, &item, "--decoder-hidden")
               : 0;
}

/* Loads the labels of the training data, and sets the number of classes. 0 or -1. */
static int load_labels(struct run_items *r, const struct training_run_config *c, struct model_config *config) {
    const char *path = c->labels;
    if (path == NULL)
        return 0;
    const size_t items = (size_t)run_items_count(r);
    if (labels_load(&r->label, path, LABELS_MAX_CLASSES, items, r->train->name) < 0)
        return -1;
    config->classes = labels_classes(r->label, items);
    return 0;
}

/* Loads the targets of the training data. 0 or -1. */
static int load_targets(struct run_items *r, const struct training_run_config *c) {
    const size_t items = (size_t)run_items_count(r);
    return c->target == NULL ? 0 : targets_load(&r->target, c->target, items, r->train->name);
}

/* Takes a part of the training data for validation. 0 or -1. */
static int split(struct run_items *r, const struct training_run_config *c) {
    const struct split split = {c->validation_fraction, c->seed};
    if (split_data(&split, &r->all, r->label, r->target, &r->validation, &r->number) < 0)
        return -1;
    r->validation_target = r->target == NULL ? NULL : r->target + r->all.items;
    r->validation_label = r->label == NULL ? NULL : r->label + r->all.items;
    return 0;
}

/* Loads the validation data with its labels and targets; without --val it has 0 items. 0 or -1. */
static int load_validation(struct run_items *r, const struct training_run_config *c,
                           const struct model_config *config) {
    struct dataset *set = &r->validation;
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (c->validation_fraction > 0)
        return split(r, c);
    if (c->validation == NULL)
        return 0;
    if (dataset_load(set, c->validation) < 0)
        return -1;
    if (!shape_equal(&set->shape, &config->item))
        return fail("%s: items have shape %s, wanted %s as in %s", set->name, shape_text(&set->shape, found),
                    shape_text(&config->item, wanted), r->train->name);
    if (c->validation_labels != NULL &&
        labels_load(&r->validation_label, c->validation_labels, config->classes, set->items, set->name) < 0)
        return -1;
    if (c->validation_target != NULL &&
        targets_load(&r->validation_target, c->validation_target, set->items, set->name) < 0)
        return -1;
    return check_items(set, config);
}

/* Checks the dtype and the shape of the training data against the options. 0 or -1. */
static int check_kind(const struct run_items *r, const struct training_run_config *c,
                      const struct model_config *config) {
    if (config->missing && !dtype_is_real(r->train->dtype))
        return fail("%s: items are %s, so no element is missing, wanted f32 or f64 for --missing", r->train->name,
                    dtype_name(r->train->dtype));
    return augment_check(&c->augment, &r->train->shape, r->train->name);
}

/* Sets the number of items of a pipe, if an option wants it, to that of its first header: another stream may
 * follow, as cat writes it, but must not then. 0 or -1. */
static int set_count(struct run_items *r, const struct training_run_config *c) {
    const struct {
        bool given;
        const char *name;
    } counting[] = {
        {c->labels != NULL, "--cond"},
        {c->target != NULL, "--target"},
        {c->objective.warmup > 0, "--warmup"},
        {c->schedule.warm > 0, "--warm-rate"},
        {!schedule_is_constant(&c->schedule), "--schedule"},
        {c->estimate != NULL, "--dry-run"},
    };
    const char *option = NULL;
    for (size_t i = 0; option == NULL && i < sizeof counting / sizeof *counting; i++)
        option = counting[i].given ? counting[i].name : NULL;
    if (!r->streams || r->stream.items > 0 || option == NULL)
        return 0;
    r->stream.items = r->stream.reader.total;
    if (r->stream.items == 0)
        return fail(
            "%s: its first header does not have the number of all items, wanted it for %s: a regular file, or "
            "a stream of one frame",
            r->train->name, option);
    return 0;
}

/* Checks the items of a block, as struct blocks wants it. */
static int check_block(void *context, const struct dataset *block, uint64_t first) {
    const struct run_items *r = context;
    return model_config_check_items(r->checked, block->dtype, block->data, block->items, block->name, first);
}

/* Brings the first block of a stream to hand. 0 or -1. */
static int start_stream(struct run_items *r, const struct training_run_config *c,
                        const struct model_config *config) {
    if (!r->streams)
        return 0;
    r->checked = malloc(sizeof *r->checked);
    if (r->checked == NULL)
        return fail("%s: out of memory to check its items", r->train->name);
    *r->checked = *config;
    r->stream.capacity = run_items_block(r, c);
    r->stream.check = check_block;
    r->stream.context = r;
    return blocks_start(&r->stream);
}

/* Loads the data, or opens the stream, of which only dtype and shape are known then. 0 or -1. */
static int open_data(struct run_items *r, const struct training_run_config *c) {
    r->streams = c->streams;
    r->train = r->streams ? &r->stream.block : &r->all;
    if (r->streams)
        return blocks_open(&r->stream, c->file);
    if (dataset_is_in_parts(c->file))
        return dataset_load_parts(&r->all, c->file, c->splits);
    return is_standard_input(c->file) && ranks_count() > 1 ? dataset_hand_out(&r->all)
                                                           : dataset_load(&r->all, c->file);
}

/* Checks the items of the parts that this rank has, and computes their digests. 0 or -1. */
static int check_parts(struct run_items *r, const struct model_config *config) {
    r->part_digest = calloc(r->all.parts, sizeof *r->part_digest);
    if (r->part_digest == NULL)
        return fail("%s: out of memory for the digests of its parts", r->all.name);
    for (size_t i = 0; i < r->all.parts; i++) {
        const struct dataset *part = &r->all.part[i];
        if (part->data != NULL && check_items(part, config) < 0)
            return -1;
        r->part_digest[i] = part->data == NULL ? 0 : dataset_digest(part);
    }
    return 0;
}

/* Checks the items that are in memory, on rank 0, since this reads all of them. 0 or -1. */
static int check_all(struct run_items *r, const struct model_config *config) {
    if (r->all.part != NULL)
        return check_parts(r, config);
    return r->streams || ranks_self() > 0 ? 0 : check_items(&r->all, config);
}

/* Checks that there are enough items to start the prior, after a fraction for --val has taken its own. 0 or -1. */
static int check_components(const struct run_items *r, const struct training_run_config *c,
                            const struct model_config *config) {
    const struct dataset first = run_items_first(r, c);
    const size_t items = first.items;
    if (prior_pseudo_inputs(config->prior, config->components) > items)
        return fail("%s: %zu items%s, wanted at least %zu to start the pseudo-inputs of --prior", first.name, items,
                    c->validation_fraction > 0       ? " without those of --val"
                    : run_items_block(r, c) == items ? " in --shuffle-buffer"
                                                     : "",
                    config->components);
    return 0;
}

uint64_t run_items_count(const struct run_items *r) {
    return r->streams ? r->stream.items : r->all.items;
}

size_t run_items_block(const struct run_items *r, const struct training_run_config *c) {
    const size_t batches = c->shuffle_buffer / r->train->item_bytes / c->batch;
    return c->shuffle_buffer == 0 ? 0 : larger(batches, 1) * c->batch;
}

struct dataset run_items_first(const struct run_items *r, const struct training_run_config *c) {
    const size_t block = run_items_block(r, c);
    struct dataset first = r->train->part == NULL ? *r->train : *r->train->part;
    if (block > 0)
        first.items = smaller(first.items, block);
    return first;
}

int run_items_load(struct run_items *r, const struct training_run_config *c, struct model_config *config) {
    if (open_data(r, c) < 0 || set_shape(r, config) < 0 || check_kind(r, c, config) < 0 || set_count(r, c) < 0 ||
        check_all(r, config) < 0 || load_labels(r, c, config) < 0 || load_targets(r, c) < 0 ||
        load_validation(r, c, config) < 0 || start_stream(r, c, config) < 0)
        return -1;
    if (r->target != NULL &&
        target_set_scale(&config->target, r->target, (size_t)run_items_count(r), c->target) < 0)
        return -1;
    if (!r->streams && r->all.part == NULL && c->estimate == NULL && ranks_self() == 0)
        digest_start(&r->digest, &r->all);
    return check_components(r, c, config);
}

void run_items_share_digests(struct run_items *r) {
    const size_t parts = r->all.parts;
    if (parts == 0)
        return;
    ranks_gather(r->part_digest, parts / ranks_count() * sizeof *r->part_digest);
    r->parts_digest = XXH64(r->part_digest, parts * sizeof *r->part_digest, 0);
}

void run_items_wait(struct run_items *r) {
    if (r->digest.set != NULL)
        digest_wait(&r->digest);
}

struct items_read run_items_known(struct run_items *r) {
    static const struct items_read nothing;
    if (r->streams)
        return blocks_most(&r->stream);
    if (r->parts_digest != 0)
        return (struct items_read){r->all.items, r->parts_digest};
    return r->digest.set == NULL ? nothing : digest_so_far(&r->digest);
}

void run_items_free(struct run_items *r) {
    if (r->digest.set != NULL)
        digest_stop(&r->digest);
    if (r->number == NULL) {
        free(r->validation_label);
        free(r->validation_target);
    }
    free(r->label);
    free(r->target);
    free(r->number);
    free(r->part_digest);
    dataset_free(&r->validation);
    dataset_free(&r->all);
    if (r->streams)
        blocks_close(&r->stream);
    free(r->checked);
}
