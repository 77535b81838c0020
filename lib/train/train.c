/* SPDX-License-Identifier: MIT */
#include "train/train.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/ranks.h"
#include "train/divergence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t training_items(const struct training *t) {
    return feed_items(&t->feed);
}

bool training_epoch_is_over(const struct training *t) {
    return feed_ends(&t->feed, t->position);
}

int training_begin_epoch(struct training *t) {
    t->last = training_elbo(t);
    t->epoch++;
    t->position = 0;
    t->step_items = 0;
    training_sums_clear(t->sums, t->model->config.latent);
    return feed_begin(&t->feed, t->epoch);
}

/* Return how many epochs are done at item `position` of the epoch, with fractions, if the items of an epoch are
 * known; and the rate of that step. */
static double epochs_at(const struct training *t, uint64_t position) {
    const uint64_t items = training_items(t);
    return (double)(t->epoch - 1) + (items == 0 ? 0 : (double)position / (double)items);
}

static double rate_at(const struct training *t, uint64_t position) {
    return schedule_rate(&t->schedule, t->rate, epochs_at(t, position), t->epochs);
}

int training_resume(struct training *t, const struct items_known *known) {
    if (feed_resume(&t->feed, t->epoch, t->position, known) < 0)
        return -1;
    net_pack(&t->model->net);
    if (t->position > 0) /* the rate of the last step, for the log, in case that no step of the epoch is left */
        t->last_rate = rate_at(t, (t->position - 1) / t->batch * t->batch);
    training_settle(t);
    return 0;
}

#define CACHE_LINE 64
#define EXPECTED 4 /* items to prefetch, since the shuffled items are spread over the memory */

/* The bytes of a changed item, in whole cache lines, so that threads do not share any. */
static size_t changed_bytes(const struct training *t) {
    return (t->data->item_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

/* Returns the item at `place` of the data as this epoch has it. `noise` identifies the draw. */
static const void *changed_item(const struct training *t, size_t place, struct noise noise) {
    const struct dataset *data = t->data;
    if (!augment_changes(&t->augment))
        return dataset_item(data, place);
    unsigned char *changed = t->changed + workers_self() * changed_bytes(t);
    const struct change change = augment_draw(&t->augment, noise);
    const struct image image = model_item_image(&data->shape);
    augment_apply(&change, &image, dtype_size(data->dtype), dataset_item(data, place), changed);
    return changed;
}

/* Hides some of the tokens before each position from the decoder, as Bowman et al. 2016 do: -1 stands for no token.
 * The start and the end are never hidden. */
static void drop_tokens(const struct training *t, size_t row, struct noise noise) {
    const struct model *m = t->model;
    float *previous = t->pass.value[m->previous].out + row * m->elements;
    noise.purpose = PURPOSE_WORD_DROPOUT;
    for (size_t i = 1; i < m->elements; i += 4) {
        float uniform[4];
        noise.position = i - 1;
        noise_uniform(uniform, 4, noise);
        for (size_t j = i; j < i + 4 && j < m->elements; j++)
            if (previous[j] > 0 && (double)uniform[j - i] < t->word_dropout)
                previous[j] = -1;
    }
}

/* Copies an item to row `row` of the pass, and draws its noise, which differs for each item and epoch. */
static void gather(struct training *t, size_t row) {
    const struct model *m = t->model;
    struct pass *pass = &t->pass;
    const uint64_t position = t->first + pass->first + row;
    const size_t place = feed_place(&t->feed, position);
    const uint64_t item = feed_first(&t->feed) + place;
    if (feed_left(&t->feed, position) > EXPECTED)
        dataset_expect(t->data, feed_place(&t->feed, position + EXPECTED));
    struct noise noise = {
        .seed = t->seed, .purpose = PURPOSE_TRAINING_BINARIZE, .item = (t->epoch - 1) * training_items(t) + item};
    model_load_item(m, t->data->dtype, changed_item(t, place, noise), noise, model_x(m, pass, row));
    model_set_previous(m, pass, row);
    if (t->word_dropout > 0)
        drop_tokens(t, row, noise);
    if (t->label != NULL)
        model_set_label(m, pass, row, t->label[item]);
    if (t->target != NULL)
        model_set_target(m, pass, row, t->target[item]);
    noise.purpose = PURPOSE_TRAINING_POSTERIOR;
    for (size_t k = 0; k < pass->draws; k++) {
        noise.draw = (uint32_t)k;
        noise_normal(draw_epsilon(pass, m->z, row * pass->draws + k), m->config.latent, noise);
    }
}

static void gather_rows(struct pass *pass, const struct layer *layer, const struct tile *tile,
                        const struct step *step) {
    (void)step;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        gather(pass->context, row);
    pass_pack(pass, layer, tile->row, tile->rows);
}

static void weigh(struct pass *pass, const struct layer *layer, const struct tile *tile, const struct step *step) {
    const struct training *t = pass->context;
    (void)layer;
    bound_weigh(pass, t->model, step->objective, tile->row / pass->draws, tile->rows / pass->draws,
                t->item_bound + pass->first);
}

/* Makes the plan: the forward pass, the weights of the draws, and the backward pass. 0 or -1. */
static int make_plan(struct training *t) {
    const struct net *net = &t->model->net;
    const struct operation first = {.run = gather_rows, .pass = &t->pass, .layer = &net->layer[t->model->x]},
                           middle = {.run = weigh, .pass = &t->pass, .layer = &net->layer[t->model->likelihood]};
    return plan_add(&t->plan, first) < 0 ||
                   plan_layers(&t->plan, &t->pass, 0, net->layers, DIRECTION_FORWARD) < 0 ||
                   plan_add(&t->plan, middle) < 0
               ? -1
               : plan_layers(&t->plan, &t->pass, 0, net->layers, DIRECTION_BACKWARD);
}

/* Returns the sums of a split of the step. */
static struct training_sums *sums_of_split(const struct training *t, size_t split) {
    return (struct training_sums *)(void *)((char *)t->split_sums +
                                            split * training_sums_bytes(t->model->config.latent));
}

/* Adds the target of a row, if it is known. Its error is the mean of those of its draws. */
static void add_target(const struct training *t, size_t row, struct target_sums *sums) {
    const struct model *m = t->model;
    const struct pass *pass = &t->pass;
    const double known = (double)pass->value[m->known].out[row];
    double squares = 0;
    if (isnan(known))
        return;
    for (size_t k = row * pass->draws; k < (row + 1) * pass->draws; k++) {
        const double error = (double)pass->value[m->prediction].out[k] - known;
        squares += error * error / (double)pass->draws;
    }
    target_add(sums, -target_of_item(pass, m->target, row), known, squares);
}

/* Adds the figures of the pass's items to the sums of a split, in the order of the items. 0, or -1 if the loss is
 * not finite. */
static int account(struct training *t, const struct step *step, struct training_sums *sums) {
    const struct model *m = t->model;
    for (size_t row = 0; row < step->items; row++) {
        sums->reconstruction -= likelihood_of_item(&t->pass, m->likelihood, row);
        sums->kl += draw_kl(&t->pass, m->z, row);
        sums->bound += t->item_bound[row];
    }
    if (!isfinite(sums->reconstruction) || !isfinite(sums->kl) || !isfinite(sums->bound))
        return divergence_of_loss(t, step, sums->reconstruction, sums->kl);
    sums->deviations = likelihood_deviations(&t->pass, m->likelihood);
    for (size_t row = 0; row < step->items; row++)
        latent_sums_add(sums->latents, posterior_heads(&t->pass, m->posterior, row),
                        posterior_sigma(&t->pass, m->posterior, row), m->config.latent);
    for (size_t row = 0; t->target != NULL && row < step->items; row++)
        add_target(t, row, &sums->targets);
    return 0;
}

/* With SCALE_OPTIMAL, sets the model's scale to the best one for the items of the epoch so far. */
static void keep_best_scale(struct training *t) {
    const struct model *m = t->model;
    const size_t place = m->net.layer[m->likelihood].own[0].offset;
    const struct deviations *deviations = &t->sums->deviations;
    if (deviations->count == 0)
        return;
    const float log_scale = segment_best_log_scale(&m->segment, deviations->sum, deviations->count);
    m->net.parameters.value[place] = log_scale;
    if (m->net.parameters.average != NULL)
        m->net.parameters.average[place] = log_scale;
}

/* Called while the backward pass of the last micro-batch runs, see struct plan_watch: computes gradients, which
 * take the rows of all micro-batches. */
static void reached(void *context, size_t layer) {
    struct training *t = context;
    const size_t first = t->pass.first;
    pass_set_micro_batch(&t->pass, 0);
    gradient_reached(&t->gradient, layer);
    pass_set_micro_batch(&t->pass, first);
}

/* Runs the forward and the backward pass of the step's items, micro-batch by micro-batch. */
static void run_passes(struct training *t, const struct step *step) {
    struct pass *pass = &t->pass;
    const struct plan_watch watch = {reached, t};
    for (size_t first = 0; first < step->items; first += pass->micro_batch) {
        const size_t items = smaller(pass->micro_batch, step->items - first);
        pass_set_micro_batch(pass, first);
        const bool last = first + items == step->items;
        plan_run(&t->plan, t->workers, items, step, t->update.in_splits && last ? &watch : NULL);
    }
    pass_set_micro_batch(pass, 0);
}

/* Computes the gradient and the sums of split number `split` of a step, of which `step` has the items. A split
 * without items adds nothing. 0 or -1. */
static int run_split(struct training *t, const struct step *step, size_t split) {
    int result = 0;
    training_sums_clear(sums_of_split(t, split), t->model->config.latent);
    gradient_begin(&t->gradient, step, split);
    if (step->items > 0) {
        run_passes(t, step);
        result = account(t, step, sums_of_split(t, split));
        vamp_backward(&t->vamp, step);
    }
    gradient_finish(&t->gradient);
    return result;
}

/* Computes the gradient of a step, and adds the sums to those of the epoch. A rank that fails sends the gradient of
 * its last split like the others, which wait for it. 0 or -1. */
static int run_splits(struct training *t, const struct step *step) {
    const size_t latent = t->model->config.latent;
    const struct splits *splits = &t->gradient.splits;
    int result = 0;
    for (size_t split = splits->first; split < splits->end; split++) {
        const size_t first = splits_first(splits, step->batch, split);
        struct step part = *step;
        part.items = result < 0 ? 0 : splits_first(splits, step->batch, split + 1) - first;
        t->first = t->position + first;
        if (run_split(t, &part, split) < 0)
            result = -1;
    }
    gradient_sum(&t->gradient);
    if (ranks_agree(result) < 0)
        return -1;
    ranks_gather(t->split_sums, (splits->end - splits->first) * training_sums_bytes(latent));
    for (size_t split = 0; split < splits->count; split++)
        training_sums_merge(t->sums, sums_of_split(t, split), latent);
    return 0;
}

int training_step(struct training *t) {
    const int more = feed_next(&t->feed, t->position);
    if (more != 1)
        return more;
    const size_t items = smaller(feed_left(&t->feed, t->position), t->batch);
    const struct step step = {.objective = &t->objective,
                              .batch = items,
                              .items = items,
                              .beta = objective_beta(&t->objective, epochs_at(t, t->position)),
                              .rate = rate_at(t, t->position),
                              .number = t->step + 1};
    feed_read_ahead(&t->feed, t->position, items);
    vamp_forward(&t->vamp);
    if (run_splits(t, &step) < 0)
        return -1;
    const bool finite = update_run(&t->update, t->workers, &step);
    t->last_rate = step.rate;
    t->step_items = items;
    t->position += items;
    t->step++;
    if (!finite)
        return divergence_of_update(t);
    if (segment_has_best_scale(&t->model->segment))
        keep_best_scale(t);
    return 1;
}

int training_start(struct training *t) {
    struct model *m = t->model;
    const size_t threads = workers_threads(t->workers);
    if (t->batch > t->data->items)
        t->batch = t->data->items;
    t->split_count = larger(t->split_count, 1);
    const size_t latent = m->config.latent, split = divide_up(t->batch, t->split_count);
    t->last = ELBO_NONE;
    t->feed = (struct feed){
        .data = t->data, .stream = t->stream, .block = t->shuffled, .batch = t->batch, .seed = t->seed};
    if (feed_start(&t->feed) < 0)
        return -1;
    t->sums = calloc(1, training_sums_bytes(latent));
    t->split_sums = calloc(t->split_count, training_sums_bytes(latent));
    t->item_bound = calloc(split, sizeof *t->item_bound);
    if (t->sums == NULL || t->split_sums == NULL || t->item_bound == NULL)
        return fail("training: out of memory for the sums of %zu latents", latent);
    if (augment_changes(&t->augment) && (t->changed = memory_allocate(threads * changed_bytes(t))) == NULL)
        return fail("training: out of memory for %zu changed items", threads);
    if (net_train(&m->net) < 0 || vamp_start(&t->vamp, m, t->workers, &t->pass) < 0)
        return -1;
    t->update = (struct update){.net = &m->net,
                                .pass = &t->pass,
                                .pseudo = t->vamp.pass.net == NULL ? NULL : &t->vamp.pass,
                                .pseudo_inputs = m->pseudo_inputs,
                                .pseudo_size = t->vamp.pass.items * m->encoder_inputs,
                                .config = &t->update_config,
                                .in_splits = t->split_count > 1};
    if (update_start(&t->update, threads) < 0 || products_check_memory(threads) < 0 ||
        gradient_start(&t->gradient, t->split_count, &t->update, t->workers) < 0)
        return -1;
    /* The pass comes last, since it does with what is left: it has fewer items at a time if memory is short. */
    if (pass_create(&t->pass, &m->net, 0, m->net.layers,
                    &(struct pass_size){.items = split,
                                        .draws = t->objective.draws,
                                        .threads = threads,
                                        .trains = true,
                                        .in_micro_batches = !segment_has_best_scale(&m->segment)}) < 0)
        return -1;
    t->pass.context = t;
    return make_plan(t);
}

void training_settle(struct training *t) {
    vamp_settle(&t->vamp);
}

void training_end(struct training *t) {
    gradient_end(&t->gradient);
    update_end(&t->update);
    vamp_end(&t->vamp);
    plan_free(&t->plan);
    pass_free(&t->pass);
    free(t->item_bound);
    free(t->changed);
    free(t->sums);
    free(t->split_sums);
    feed_end(&t->feed);
}

struct elbo training_elbo(const struct training *t) {
    const double n = (double)t->position;
    if (t->position == 0)
        return t->last;
    return (struct elbo){.elbo = (t->sums->reconstruction - t->sums->kl) / n,
                         .reconstruction = t->sums->reconstruction / n,
                         .kl = t->sums->kl / n,
                         .bound = t->sums->bound / n,
                         .target = target_figures(&t->sums->targets)};
}

size_t training_active_latents(const struct training *t) {
    return t->position == 0 ? 0 : latents_active(t->sums->latents, t->model->config.latent, t->position);
}
