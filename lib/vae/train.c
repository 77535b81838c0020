#include "vae/train.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A shard of many rows multiplies faster, and two or more shards keep two or more threads busy. */
#define SHARD_ROWS 128
#define SLICE_WEIGHTS 160000

struct slice {
    const struct linear *layer;
    size_t index, first, units;
};

static size_t shard_rows(size_t rows) {
    const size_t least = (rows + SHARD_ROWS - 1) / SHARD_ROWS, shards = least < 2 ? 2 : least;
    return (rows + shards - 1) / shards;
}

static int by_weights(const void *a, const void *b) {
    const struct slice *s = a, *t = b;
    const size_t left = s->units * s->layer->in, right = t->units * t->layer->in;
    if (left != right)
        return left < right ? -1 : 1;
    return s->layer != t->layer ? (s->layer < t->layer ? -1 : 1) : (s->first < t->first ? -1 : 1);
}

/* Workers claim tasks from the last to the first: the largest slices come last, so that they are begun first. */
static int cut_slices(struct training *t) {
    size_t count = 0;
    for (int writing = 0; writing < 2; writing++) {
        if (writing && (t->slices = calloc(count, sizeof *t->slices)) == NULL)
            return fail("training: out of memory");
        count = 0;
        for (size_t i = 0; i < t->model->layers; i++) {
            const struct linear *layer = &t->model->layer[i];
            const size_t parts = (layer->in * layer->out + SLICE_WEIGHTS - 1) / SLICE_WEIGHTS;
            const size_t units = (layer->out + parts - 1) / parts;
            for (size_t first = 0; first < layer->out; first += units, count++)
                if (writing)
                    t->slices[count] =
                        (struct slice){layer, i, first, layer->out - first < units ? layer->out - first : units};
        }
    }
    t->slice_count = count;
    qsort(t->slices, count, sizeof *t->slices, by_weights);
    return 0;
}

int training_start(struct training *t) {
    if (t->data->items > UINT32_MAX)
        return fail("%s: %zu items, wanted at most %" PRIu32 " to train on", t->data->name, t->data->items,
                    UINT32_MAX);
    if (t->batch > t->data->items)
        t->batch = t->data->items;
    t->last = (struct elbo){NAN, NAN, NAN};
    t->order = malloc(t->data->items * sizeof *t->order);
    if (t->order == NULL)
        return fail("training: out of memory for the order of %zu items", t->data->items);
    if (parameters_train(&t->model->parameters) < 0 || cut_slices(t) < 0)
        return -1;
    return pass_create(&t->pass, t->model, t->batch, true);
}

void training_end(struct training *t) {
    pass_free(&t->pass);
    free(t->slices);
    free(t->order);
}

/* Fisher and Yates, from the identity each time: an epoch's order depends on its number alone. */
void training_begin_epoch(struct training *t) {
    const size_t n = t->data->items;
    t->last = training_elbo(t);
    t->epoch++;
    t->position = 0;
    t->reconstruction = t->kl = 0;
    for (size_t i = 0; i < n; i++)
        t->order[i] = (uint32_t)i;
    for (size_t i = n - 1; i > 0; i--) {
        const size_t j = (size_t)noise_below(
            i + 1,
            (struct noise){.seed = t->seed, .purpose = PURPOSE_SHUFFLE, .item = t->epoch, .position = 4 * i});
        const uint32_t other = t->order[j];
        t->order[j] = t->order[i];
        t->order[i] = other;
    }
}

/* Every use of an item in every epoch has noise of its own. */
static void gather(struct training *t, size_t row) {
    const struct model *m = t->model;
    const size_t item = t->order[t->position + row];
    struct noise noise = {
        .seed = t->seed, .purpose = PURPOSE_TRAINING_BINARIZE, .item = (t->epoch - 1) * t->data->items + item};
    item_to_float(t->data->dtype, dataset_item(t->data, item), m->elements, m->config.binarize, noise,
                  t->pass.x + row * m->elements);
    noise.purpose = PURPOSE_TRAINING_POSTERIOR;
    noise_normal(t->pass.epsilon + row * m->config.latent, m->config.latent, noise);
}

static void train_shard(void *context, size_t i) {
    struct training *t = context;
    const size_t first = i * t->shard;
    const size_t rows = t->rows - first < t->shard ? t->rows - first : t->shard;
    for (size_t row = first; row < first + rows; row++)
        gather(t, row);
    pass_encode(&t->pass, first, rows);
    pass_draw(&t->pass, first, rows);
    pass_decode(&t->pass, first, rows);
    pass_likelihood(&t->pass, first, rows, true);
    pass_backward(&t->pass, first, rows);
}

/* Gradient and update of the same units in one task: what the product wrote is still in the cache. */
static void update_slice(void *context, size_t i) {
    struct training *t = context;
    const struct slice *s = &t->slices[i];
    const struct linear *layer = s->layer;
    struct parameters *p = &t->model->parameters;
    linear_gradient(layer, t->pass.delta[s->index], pass_input(&t->pass, s->index), t->rows, s->first, s->units,
                    1.0f / (float)t->rows, p->gradient);
    adam_update(&t->adam, p, layer->weight + s->first * layer->in, s->units * layer->in);
    adam_update(&t->adam, p, layer->bias + s->first, s->units);
}

/* Names the layer whose output was the first to go wrong, as its tensors are named; or else the likelihood. */
static int fail_not_finite(const struct training *t, double reconstruction, double kl) {
    const struct model *m = t->model;
    const size_t layer = pass_not_finite(&t->pass, t->rows);
    char first[TENSOR_NAME] = "likelihood.";
    for (size_t i = 0; layer < m->layers && i < m->parameters.count; i++)
        if (m->parameters.tensor[i].offset == m->layer[layer].weight)
            snprintf(first, sizeof first, "%s", m->parameters.tensor[i].name);
    *strrchr(first, '.') = '\0';
    return fail("training: the loss of step %" PRIu64
                " is not finite (reconstruction %g, kl %g, first the output of %s), "
                "wanted numbers: a lower --rate may help",
                t->step + 1, reconstruction / (double)t->rows, kl / (double)t->rows, first);
}

/* Adds the step's items to the epoch's sums, in their order. */
static int account(struct training *t) {
    double reconstruction = 0, kl = 0;
    for (size_t row = 0; row < t->rows; row++) {
        reconstruction -= t->pass.negative_log[row];
        kl += t->pass.kl[row];
    }
    if (!isfinite(reconstruction) || !isfinite(kl))
        return fail_not_finite(t, reconstruction, kl);
    t->reconstruction += reconstruction;
    t->kl += kl;
    return 0;
}

int training_step(struct training *t) {
    const size_t left = t->data->items - t->position;
    if (left == 0)
        return 0;
    t->rows = left < t->batch ? left : t->batch;
    t->shard = shard_rows(t->rows);
    workers_run(t->workers, (t->rows + t->shard - 1) / t->shard, train_shard, t);
    if (account(t) < 0)
        return -1;
    t->adam = adam_step(t->rate, t->step + 1);
    workers_run(t->workers, t->slice_count, update_slice, t);
    t->position += t->rows;
    t->step++;
    return 1;
}

struct elbo training_elbo(const struct training *t) {
    const double n = (double)t->position;
    if (t->position == 0)
        return t->last;
    return (struct elbo){(t->reconstruction - t->kl) / n, t->reconstruction / n, t->kl / n};
}
