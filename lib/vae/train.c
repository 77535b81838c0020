#include "vae/train.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice {
    const struct linear *layer;
    size_t index, first, units;
};

/* Of two slices the one that lies further to the front of its layer; of two in the same place the larger. */
static int by_place(const void *a, const void *b) {
    const struct slice *s = a, *t = b;
    const size_t left = (2 * s->first + s->units) * t->layer->out, right = (2 * t->first + t->units) * s->layer->out;
    if (left != right)
        return left < right ? -1 : 1;
    const size_t size = s->units * s->layer->in, other = t->units * t->layer->in;
    return size != other ? (size > other ? -1 : 1) : (s->index < t->index ? -1 : 1);
}

/* In an order that gives a thread the units whose outputs it makes, too: see workers_run. */
static int cut_slices(struct training *t) {
    size_t count = 0;
    for (int writing = 0; writing < 2; writing++) {
        if (writing && (t->slices = calloc(count, sizeof *t->slices)) == NULL)
            return fail("training: out of memory");
        count = 0;
        for (size_t i = 0; i < t->model->layers; i++) {
            const struct linear *layer = &t->model->layer[i];
            const size_t units = plan_units(layer->out, layer->in * layer->out);
            for (size_t first = 0; first < layer->out; first += units, count++)
                if (writing)
                    t->slices[count] =
                        (struct slice){layer, i, first, layer->out - first < units ? layer->out - first : units};
        }
    }
    t->slice_count = count;
    qsort(t->slices, count, sizeof *t->slices, by_place);
    return 0;
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

#define EXPECTED 4 /* items asked for ahead: shuffled, they come from all over the memory */

/* Every use of an item in every epoch has noise of its own. */
static void gather(struct training *t, size_t row) {
    const struct model *m = t->model;
    const size_t place = t->position + row, item = t->order[place];
    if (place + EXPECTED < t->data->items)
        dataset_expect(t->data, t->order[place + EXPECTED]);
    struct noise noise = {
        .seed = t->seed, .purpose = PURPOSE_TRAINING_BINARIZE, .item = (t->epoch - 1) * t->data->items + item};
    item_to_float(t->data->dtype, dataset_item(t->data, item), m->elements, m->config.binarize, noise,
                  t->pass.x + row * m->elements);
    noise.purpose = PURPOSE_TRAINING_POSTERIOR;
    noise_normal(t->pass.epsilon + row * m->config.latent, m->config.latent, noise);
}

static void gather_rows(void *context, size_t layer, const struct tile *tile) {
    (void)layer;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        gather(context, row);
}

static void forward(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    pass_forward(&t->pass, layer, tile);
}

static void draw(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_posterior(&t->pass, tile->row, tile->rows);
    pass_draw(&t->pass, tile->row, tile->rows);
}

static void likelihood(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_likelihood(&t->pass, tile, true);
}

static void backward(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    pass_backward(&t->pass, layer, tile);
}

static void backward_sum(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    pass_backward_sum(&t->pass, layer, tile->row, tile->rows);
}

static void draw_backward(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_posterior_backward(&t->pass, tile->row, tile->rows);
}

/* All of a step but the update of the weights. */
static void plan_step(struct plan *plan, const struct model *m) {
    plan_add(plan, (struct operation){gather_rows, 0, m->elements, 0, false});
    for (size_t i = 0; i < m->layers; i++) {
        const size_t out = m->layer[i].out, weights = m->layer[i].in * out;
        plan_add(plan, (struct operation){forward, i, out, weights, false});
        if (i == m->heads)
            plan_add(plan, (struct operation){draw, i, out, 0, false});
        if (i == m->last)
            plan_add(plan, (struct operation){likelihood, i, out, weights, true});
    }
    for (size_t i = m->last; i > 0; i--) {
        const size_t in = m->layer[i].in, out = m->layer[i].out;
        plan_add(plan, (struct operation){backward, i, out, in * out, i == m->last});
        plan_add(plan, (struct operation){backward_sum, i, in, 0, false});
        if (i == m->heads + 1)
            plan_add(plan, (struct operation){draw_backward, m->heads, in, 0, false});
    }
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
        reconstruction -= pass_negative_log(&t->pass, row);
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
    plan_run(&t->plan, t->workers, t->rows, t);
    if (account(t) < 0)
        return -1;
    t->adam = adam_step(t->rate, t->step + 1);
    workers_run(t->workers, t->slice_count, update_slice, t);
    t->position += t->rows;
    t->step++;
    return 1;
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
    plan_step(&t->plan, t->model);
    return pass_create(&t->pass, t->model, t->batch, true);
}

void training_end(struct training *t) {
    pass_free(&t->pass);
    free(t->slices);
    free(t->order);
}

struct elbo training_elbo(const struct training *t) {
    const double n = (double)t->position;
    if (t->position == 0)
        return t->last;
    return (struct elbo){(t->reconstruction - t->kl) / n, t->reconstruction / n, t->kl / n};
}
