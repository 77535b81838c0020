/* SPDX-License-Identifier: MIT */
#include "query/prior_gap.h"

#include "base/error.h"
#include "model/layers.h"
#include "query/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums over items of one latent: of its posterior mean, of the square of the mean, and of the posterior variance.
 */
struct moments {
    double mean, squares, variances;
};

/* A part of the items, copied out of the data set. */
struct sample {
    struct batch batch;
    unsigned char *data;     /* [rows of the batch, items]; owned, like the fields below */
    uint32_t *label;         /* [rows of the batch] */
    struct moments *moments; /* [latent] */
    uint64_t seed;
};

static void encode_range(struct batch *batch, const struct range *range) {
    const struct sample *s = batch->context;
    batch_load_items(batch, range, s->seed);
    pass_forward(&batch->pass, 0, batch->model->posterior + 1, range->base, range->all);
}

static void add_item(struct sample *s, size_t row) {
    const struct model *m = s->batch.model;
    const float *mu = posterior_heads(&s->batch.pass, m->posterior, row),
                *sigma = posterior_sigma(&s->batch.pass, m->posterior, row);
    for (size_t j = 0; j < m->config.latent; j++) {
        s->moments[j].mean += (double)mu[j];
        s->moments[j].squares += (double)mu[j] * (double)mu[j];
        s->moments[j].variances += (double)sigma[j] * (double)sigma[j];
    }
}

/* Adds items [item, item + count) of the `items` that are spread over the data set. */
static void add_part(struct sample *s, const struct dataset *set, const uint32_t *label, size_t item, size_t count,
                     size_t items) {
    for (size_t i = 0; i < count; i++) {
        const size_t from = (item + i) * (set->items / items);
        memcpy(s->data + i * set->item_bytes, dataset_item(set, from), set->item_bytes);
        s->label[i] = label == NULL ? 0 : label[from];
    }
    batch_run(&s->batch, s->data, label == NULL ? NULL : s->label, count, item);
    for (size_t i = 0; i < count; i++)
        add_item(s, batch_row(&s->batch, i));
}

static double gap_of(const struct moments *moments, size_t latent, size_t items) {
    const double n = (double)items;
    double gap = 0;
    for (size_t j = 0; j < latent; j++) {
        const double mean = moments[j].mean / n, square = (moments[j].squares + moments[j].variances) / n;
        gap += (square - 1 - log(square - mean * mean)) / 2;
    }
    return gap;
}

static int start(struct sample *s, const struct model *model, const struct dataset *set, struct workers *workers) {
    net_pack(&model->net);
    const int result = batch_start(&s->batch, model, workers);
    s->data = malloc(s->batch.rows * set->item_bytes);
    s->label = malloc(s->batch.rows * sizeof *s->label);
    s->moments = calloc(model->config.latent, sizeof *s->moments);
    if (result < 0 || s->data == NULL || s->label == NULL || s->moments == NULL)
        return fail("prior: out of memory for the latents of %zu items", set->items);
    s->batch.dtype = set->dtype;
    s->batch.item_bytes = set->item_bytes;
    s->batch.work = encode_range;
    s->batch.context = s;
    return 0;
}

int prior_gap(const struct model *model, const struct dataset *set, const uint32_t *label, struct workers *workers,
              uint64_t seed, double *gap, size_t *items) {
    struct sample s = {.seed = seed};
    const int result = start(&s, model, set, workers);
    *items = set->items < PRIOR_GAP_ITEMS ? set->items : PRIOR_GAP_ITEMS;
    for (size_t item = 0; result == 0 && item < *items;) {
        const size_t left = *items - item, room = batch_room(s.batch.rows, item), count = left < room ? left : room;
        add_part(&s, set, label, item, count, *items);
        item += count;
    }
    if (result == 0)
        *gap = gap_of(s.moments, model->config.latent, *items);
    batch_end(&s.batch);
    free(s.data);
    free(s.label);
    free(s.moments);
    return result;
}
