/* SPDX-License-Identifier: MIT */
#include "train/train.h"

#include "base/error.h"
#include "model/pass_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fisher and Yates, from the identity each time: an epoch's order depends on its number alone. */
static void shuffle(struct training *t) {
    const size_t n = t->data->items;
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

void training_begin_epoch(struct training *t) {
    t->last = training_elbo(t);
    t->epoch++;
    t->position = 0;
    t->reconstruction = t->kl = t->bound = t->all_deviations = t->all_deviating = 0;
    memset(t->latents, 0, t->model->config.latent * sizeof *t->latents);
    shuffle(t);
}

/* Epochs done when item number `position` of the epoch is the next one; and the rate of a step there. */
static double epochs_at(const struct training *t, size_t position) {
    return (double)(t->epoch - 1) + (double)position / (double)t->data->items;
}

static double rate_at(const struct training *t, size_t position) {
    return schedule_rate(&t->schedule, t->rate, epochs_at(t, position), t->epochs);
}

void training_resume(struct training *t) {
    shuffle(t);
    model_pack(t->model);
    if (t->position > 0) /* the last step's rate, for the log of an epoch that no step is left of */
        t->update.rate = rate_at(t, (t->position - 1) / t->batch * t->batch);
    training_settle(t);
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
    model_load_item(m, t->data->dtype, dataset_item(t->data, item), noise, t->pass.x + row * m->elements);
    if (t->label != NULL)
        pass_set_labels(&t->pass, row, 1, &t->label[item]);
    pass_set_encoder_input(&t->pass, row, 1);
    noise.purpose = PURPOSE_TRAINING_POSTERIOR;
    for (size_t k = 0; k < t->pass.draws; k++) {
        noise.draw = (uint32_t)k;
        noise_normal(t->pass.epsilon + (row * t->pass.draws + k) * m->config.latent, m->config.latent, noise);
    }
}

static void gather_rows(void *context, size_t layer, const struct tile *tile) {
    (void)layer;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        gather(context, row);
}

static void posterior(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_posterior(&t->pass, tile->row, tile->rows);
}

static void draw(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_draw(&t->pass, tile->row, tile->rows);
    pass_prior(&t->pass, tile->row, tile->rows);
}

static void deviations(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    const struct tile own = pass_plan_tile(&t->pass, layer, tile);
    pass_deviations(&t->pass, &own);
}

/* One of the tasks does it for all. */
static void set_best_scale(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    if (tile->row == 0)
        pass_set_best_scale(&t->pass, t->rows, &t->deviations, &t->deviating);
}

static void likelihood(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    const struct tile own = pass_plan_tile(&t->pass, layer, tile);
    pass_likelihood(&t->pass, &own, true);
}

static void weigh(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_weigh(&t->pass, tile->row, tile->rows, &t->objective);
}

static void posterior_backward(void *context, size_t layer, const struct tile *tile) {
    struct training *t = context;
    (void)layer;
    pass_posterior_backward(&t->pass, tile->row, tile->rows, &t->objective, t->beta);
}

/* Plans the likelihood, in the tasks that compute the decoder's output. --sigma optimal must first see the output
 * for the whole batch: then those tasks compute the deviations, and the likelihood waits for the scale. */
static void plan_likelihood(struct training *t) {
    const struct model *m = t->model;
    const struct linear *layer = &m->layer[m->last];
    const bool best = segment_has_best_scale(&m->segment);
    struct operation o = {.layer = m->last,
                          .units = layer->out / layer->group,
                          .group = layer->group,
                          .weights = layer->in * layer->out,
                          .draws = t->pass.draws,
                          .chained = true};
    if (best) {
        o.run = deviations;
        plan_add(&t->plan, o);
        plan_add(&t->plan,
                 (struct operation){
                     .run = set_best_scale, .layer = o.layer, .units = o.units, .draws = o.draws, .waits = true});
    }
    o.run = likelihood;
    o.chained = !best;
    o.waits = best;
    plan_add(&t->plan, o);
}

static void plan_forward(struct training *t) {
    const struct model *m = t->model;
    plan_add(&t->plan, (struct operation){.run = gather_rows, .units = m->elements, .draws = 1});
    for (size_t i = 0; i < m->layers; i++) {
        pass_plan_forward(&t->plan, &t->pass, i);
        if (i == m->heads) {
            const size_t units = m->layer[i].out / m->layer[i].group;
            plan_add(&t->plan, (struct operation){.run = posterior, .layer = i, .units = units, .draws = 1});
            plan_add(&t->plan, (struct operation){.run = draw, .layer = i, .units = units, .draws = t->pass.draws});
        }
    }
    plan_likelihood(t);
}

static void plan_backward(struct training *t) {
    const struct model *m = t->model;
    const size_t draws = t->pass.draws;
    plan_add(&t->plan,
             (struct operation){.run = weigh, .layer = m->last, .units = m->layer[m->last].in, .draws = draws});
    for (size_t i = m->last; i > 0; i--) {
        pass_plan_backward(&t->plan, &t->pass, i);
        if (i == m->heads + 1)
            plan_add(&t->plan,
                     (struct operation){
                         .run = posterior_backward, .layer = m->heads, .units = m->layer[i].in, .draws = draws});
    }
}

/* Checks the items of the step again: mapped data may have changed since it was read. 0, or -1 with a message if
 * the likelihood cannot hold one of them. */
static int check_rows(const struct training *t) {
    for (size_t row = 0; row < t->rows; row++) {
        const size_t item = t->order[t->position + row];
        if (model_check_item(t->model, t->data->dtype, dataset_item(t->data, item), t->data->name, item) < 0)
            return -1;
    }
    return 0;
}

/* Sets the message for a loss that is not finite. It names an item that has changed; or the first layer whose
 * output is not finite, by the name of its tensors; or else the likelihood, or if that is finite, the prior.
 * Returns -1. */
static int fail_not_finite(struct training *t, double reconstruction, double kl) {
    const struct model *m = t->model;
    if (check_rows(t) < 0)
        return -1;
    size_t layer = pass_not_finite(&t->pass, t->rows);
    if (layer == m->last) { /* where the gradient stands in the output's place by now */
        pass_forward(&t->pass, layer, &(struct tile){0, t->rows * t->pass.draws, 0, m->layer[layer].out});
        layer = pass_not_finite(&t->pass, t->rows);
    }
    char first[TENSOR_NAME];
    snprintf(first, sizeof first, "%s", isfinite(reconstruction) ? "prior." : "likelihood.");
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
    const size_t latent = t->model->config.latent;
    double reconstruction = 0, kl = 0, bound = 0;
    for (size_t row = 0; row < t->rows; row++) {
        reconstruction -= pass_mean_negative_log(&t->pass, row);
        kl += t->pass.kl[row];
        bound += t->pass.bound[row];
    }
    if (!isfinite(reconstruction) || !isfinite(kl) || !isfinite(bound))
        return fail_not_finite(t, reconstruction, kl);
    t->all_deviations += t->deviations;
    t->all_deviating += t->deviating;
    t->reconstruction += reconstruction;
    t->kl += kl;
    t->bound += bound;
    for (size_t row = 0; row < t->rows; row++)
        latent_sums_add(t->latents, t->pass.out[t->model->heads] + row * 2 * latent, t->pass.sigma + row * latent,
                        latent);
    return 0;
}

/* Of a scale that is the best for each batch the model keeps the epoch's, so far. */
static void keep_best_scale(struct training *t) {
    const struct model *m = t->model;
    if (t->all_deviating == 0)
        return;
    const float log_scale = segment_best_log_scale(&m->segment, t->all_deviations, t->all_deviating);
    m->parameters.value[m->scale] = log_scale;
    if (m->parameters.average != NULL)
        m->parameters.average[m->scale] = log_scale;
}

static bool has_pseudo_inputs(const struct training *t) {
    return t->model->config.prior->pseudo_inputs;
}

int training_step(struct training *t) {
    const size_t left = t->data->items - t->position;
    if (left == 0)
        return 0;
    t->rows = left < t->batch ? left : t->batch;
    t->beta = objective_beta(&t->objective, epochs_at(t, t->position));
    if (t->pass.dscale != NULL)
        pass_set_scale(&t->pass);
    if (has_pseudo_inputs(t))
        vamp_forward(&t->vamp);
    plan_run(&t->plan, t->workers, t->rows, t);
    if (account(t) < 0)
        return -1;
    if (has_pseudo_inputs(t))
        vamp_backward(&t->vamp, t->rows, t->beta);
    update_run(&t->update, t->workers, t->rows, rate_at(t, t->position), t->step + 1);
    t->position += t->rows;
    t->step++;
    if (segment_has_best_scale(&t->model->segment))
        keep_best_scale(t);
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
    t->latents = calloc(t->model->config.latent, sizeof *t->latents);
    if (t->order == NULL || t->latents == NULL)
        return fail("training: out of memory for the order of %zu items", t->data->items);
    if (model_train(t->model) < 0)
        return -1;
    if (pass_create(&t->pass, t->model, t->batch, t->objective.draws, true) < 0)
        return -1;
    plan_forward(t);
    plan_backward(t);
    if (has_pseudo_inputs(t) && vamp_start(&t->vamp, t->model, t->workers, &t->pass) < 0)
        return -1;
    t->update = (struct update){.model = t->model,
                                .pass = &t->pass,
                                .pseudo = has_pseudo_inputs(t) ? &t->vamp.pass : NULL,
                                .config = &t->update_config};
    const size_t threads = workers_threads(t->workers);
    return update_start(&t->update, threads) < 0 ? -1 : products_check_memory(threads);
}

int training_check(const struct training *t) {
    const struct parameters *p = &t->model->parameters;
    const float *const arrays[] = {p->value, p->first, p->second};
    static const char *const names[] = {"", "first moment of ", "second moment of "};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        const struct tensor *bad = parameters_not_finite(p, arrays[i]);
        if (bad != NULL)
            return fail("training: %stensor \"%s\" is not finite after step %" PRIu64
                        ", wanted numbers: a lower --rate may help",
                        names[i], bad->name, t->step);
    }
    return 0;
}

void training_settle(struct training *t) {
    if (has_pseudo_inputs(t))
        vamp_settle(&t->vamp);
}

void training_end(struct training *t) {
    update_end(&t->update);
    vamp_end(&t->vamp);
    pass_free(&t->pass);
    free(t->latents);
    free(t->order);
}

struct elbo training_elbo(const struct training *t) {
    const double n = (double)t->position;
    if (t->position == 0)
        return t->last;
    return (struct elbo){t->bound / n, t->reconstruction / n, t->kl / n};
}
