/* SPDX-License-Identifier: MIT */
#include "explorer/content.h"

#include "base/error.h"
#include "base/number.h"
#include "query/batch.h"
#include "stream/dataset.h"
#include "stream/labels.h"

#include <stdlib.h>
#include <string.h>

enum { DRAWS = 256, DRAWS_LEAST = 16, DRAW_NUMBERS = 1 << 18 };

size_t content_number(const struct content *c, size_t i) {
    return (size_t)((__uint128_t)i * c->of / c->items);
}

void content_free(struct content *c) {
    free(c->item);
    free(c->label);
    free(c->mu);
    free(c->draw);
    element_names_free(&c->names);
    element_names_free(&c->label_names);
    *c = (struct content){0};
}

static int fail_memory(const struct content *c) {
    return fail("%s: out of memory for the page", c->model_name);
}

static int draw_latents(struct content *c, uint64_t seed) {
    const struct prior_state *prior = draw_prior(&c->model->net, c->model->z);
    const size_t latent = c->model->config.latent;
    c->draws = smaller(DRAWS, larger(DRAWS_LEAST, DRAW_NUMBERS / latent));
    c->draw = malloc(c->draws * latent * sizeof *c->draw);
    if (c->draw == NULL)
        return fail_memory(c);
    for (size_t i = 0; i < c->draws; i++)
        prior->prior->draw(prior, c->draw + i * latent, seed, i);
    return 0;
}

/* After the items, since the tool before a pipe writes these files beside its first bytes. */
static int load_names(struct content *c, const struct content_request *r) {
    if (r->names != NULL && element_names_load(&c->names, r->names, c->model->elements, "element") < 0)
        return -1;
    if (r->label_names != NULL && c->labels == 0)
        return fail("%s: is not conditional on labels, wanted --labels with --label-names", c->model_name);
    return r->label_names == NULL ? 0 : element_names_load(&c->label_names, r->label_names, c->labels, "label");
}

/* Writes the posterior means of a range of items to the content. */
struct encoding {
    float *mu; /* of the batch's first item */
    uint64_t seed;
};

static void encode_range(struct batch *batch, const struct range *range) {
    const struct encoding *e = batch->context;
    const struct model *m = batch->model;
    const size_t latent = m->config.latent;
    batch_load_items(batch, range, e->seed);
    pass_forward(&batch->pass, 0, m->posterior + 1, range->base, range->all);
    for (size_t row = range->first; row < range->first + range->rows; row++)
        memcpy(e->mu + batch_index(batch, row) * latent, posterior_heads(&batch->pass, m->posterior, row),
               latent * sizeof *e->mu);
}

static size_t item_bytes(const struct content *c) {
    return c->model->elements * dtype_size(c->dtype);
}

/* Encodes the items of the page, with the noise of their numbers in the stream [items]. 0 or -1. */
static int encode_numbered(struct content *c, const uint64_t *number, uint64_t seed, struct workers *workers) {
    struct batch batch;
    struct encoding e = {.mu = c->mu, .seed = seed};
    int result = batch_start(&batch, c->model, workers);
    batch.dtype = c->dtype;
    batch.item_bytes = item_bytes(c);
    batch.work = encode_range;
    batch.context = &e;
    for (size_t done = 0; result == 0 && done < c->items;) {
        const size_t count = smaller(batch_room(batch.rows, done), c->items - done);
        e.mu = c->mu + done * c->model->config.latent;
        batch.number = number + done;
        batch_run(&batch, c->item + done * item_bytes(c), c->model->config.classes == 0 ? NULL : c->label + done,
                  count, done);
        done += count;
    }
    batch_end(&batch);
    return result;
}

static int encode_items(struct content *c, uint64_t seed, struct workers *workers) {
    uint64_t *number = malloc(c->items * sizeof *number);
    if (number == NULL)
        return fail_memory(c);
    for (size_t i = 0; i < c->items; i++)
        number[i] = content_number(c, i);
    const int result = encode_numbered(c, number, seed, workers);
    free(number);
    return result;
}

static int check_finite(const struct content *c, const char *name) {
    const size_t latent = c->model->config.latent;
    for (size_t i = 0; i < c->items; i++)
        if (!math_kernel()->finite(c->mu + i * latent, latent))
            return fail(
                "%s: item %zu has a latent that is not finite, wanted numbers: is it like the items that %s "
                "was trained on?",
                name, content_number(c, i), c->model_name);
    return 0;
}

/* Copies the chosen items, as u8 or f32. */
static void choose(struct content *c, const struct dataset *set) {
    for (size_t i = 0; i < c->items; i++) {
        const void *item = dataset_item(set, content_number(c, i));
        unsigned char *to = c->item + i * item_bytes(c);
        if (set->dtype == DTYPE_U8)
            memcpy(to, item, item_bytes(c));
        else
            dtype_to_float(set->dtype, item, (float *)(void *)to, c->model->elements);
    }
}

/* Keeps the labels of the chosen items. */
static int load_labels(struct content *c, const struct dataset *set, const char *path) {
    uint32_t *all = NULL;
    const size_t classes = c->model->config.classes;
    int result = labels_load(&all, path, classes > 0 ? classes : LABELS_MAX_CLASSES, set->items, set->name);
    c->label = malloc(c->items * sizeof *c->label);
    if (result == 0 && c->label == NULL)
        result = fail_memory(c);
    for (size_t i = 0; result == 0 && i < c->items; i++)
        c->label[i] = all[content_number(c, i)];
    if (result == 0)
        c->labels = classes > 0 ? classes : labels_classes(all, set->items);
    free(all);
    return result;
}

static int load_chosen(struct content *c, const struct dataset *set, const struct content_request *r) {
    c->of = set->items;
    c->items = smaller(set->items, r->most);
    c->dtype = set->dtype == DTYPE_U8 ? DTYPE_U8 : DTYPE_F32;
    c->item = malloc(c->items * item_bytes(c));
    c->mu = malloc(c->items * c->model->config.latent * sizeof *c->mu);
    int result = c->item == NULL || c->mu == NULL ? fail_memory(c) : 0;
    if (result == 0 && r->labels != NULL)
        result = load_labels(c, set, r->labels);
    if (result == 0) {
        struct workers *workers = workers_start(r->threads);
        choose(c, set);
        result = workers == NULL ? -1 : encode_items(c, r->seed, workers);
        workers_stop(workers);
    }
    return result < 0 ? -1 : check_finite(c, set->name);
}

static int load_items(struct content *c, const struct content_request *r) {
    struct dataset set;
    if (dataset_load(&set, r->items) < 0)
        return -1;
    int result = model_check_shape(c->model, &set.shape, c->model_name, set.name);
    if (result == 0)
        result = model_check_items(c->model, set.dtype, set.data, set.items, set.name, 0);
    if (result == 0)
        result = load_chosen(c, &set, r);
    dataset_free(&set);
    return result;
}

int content_load(struct content *c, const struct model *model, const char *model_name,
                 const struct content_request *r) {
    *c = (struct content){.model = model, .model_name = model_name, .labels = model->config.classes};
    if (draw_latents(c, r->seed) < 0)
        return -1;
    if (r->items != NULL && r->labels == NULL && c->labels > 0)
        return fail("%s: is conditional on labels, wanted --labels with one from 0 to %zu for each item",
                    model_name, c->labels - 1);
    if (r->items != NULL && load_items(c, r) < 0)
        return -1;
    return load_names(c, r);
}
