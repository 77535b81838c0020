/* SPDX-License-Identifier: MIT */
#include "query/evaluate.h"

#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/ranks.h"
#include "base/signals.h"
#include "dist/missing.h"
#include "model/bound.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 64 /* draws at a time: after each 64 a signal is answered, and the progress is shown */

/* Adds the log importance weight of draw k to the weights of the batch's item i. */
static void add_weight(struct evaluator *e, size_t i, uint32_t k, double log_weight) {
    log_sum_add(&e->weights[i], log_weight);
    for (size_t p = 0; p < e->points; p++)
        if (e->point[p] == k + 1)
            e->figures[i].curve[p] = log_sum_value(&e->weights[i]) - log(k + 1.0);
}

/* Returns whether the objective has a term of the targets, which are given. */
static bool has_target_term(const struct evaluator *e) {
    return e->target != NULL && e->objective != NULL;
}

/* Predicts the targets of the range's items from their posterior means. */
static void predict_range(struct evaluator *e, const struct range *s) {
    struct pass *p = &e->batch.pass;
    const struct model *m = e->batch.model;
    for (size_t row = s->base; row < s->base + s->all; row++)
        draw_set_mean(p, m->z, row);
    pass_forward(p, m->latents, m->target, s->base, s->all);
    for (size_t row = s->first; row < s->first + s->rows; row++) {
        const size_t i = batch_index(&e->batch, row);
        model_set_target(m, p, row, e->target[i]);
        e->figures[i].known = (double)p->value[m->known].out[row];
        e->figures[i].prediction = (double)p->value[m->prediction].out[row];
        e->joint[i] = log_sum_empty();
    }
}

/* Adds the target's term of draw k of each item; log_weight: of the item's row. */
static void add_target(struct evaluator *e, size_t row, size_t i, double log_weight) {
    const struct pass *p = &e->batch.pass;
    const struct model *m = e->batch.model;
    e->figures[i].target -= target_of_draw(p, m->target, row) / e->samples;
    if (e->marginal)
        log_sum_add(&e->joint[i], log_weight + bound_target(p, m, e->objective, row));
}

/* Evaluates draw k of each item: adds its log p(x|z) and, with `marginal`, its log importance weight. */
static void add_draw(struct evaluator *e, const struct range *s, uint32_t k) {
    struct pass *p = &e->batch.pass;
    const struct model *m = e->batch.model;
    const bool closed = m->config.prior->kl != NULL;
    for (size_t row = s->first; !e->at_mean && row < s->first + s->rows; row++)
        noise_normal(draw_epsilon(p, m->z, row), m->config.latent,
                     (struct noise){.seed = e->seed,
                                    .purpose = PURPOSE_POSTERIOR,
                                    .item = e->batch.item + batch_index(&e->batch, row),
                                    .draw = k});
    pass_forward(p, m->z, m->likelihood, s->base, s->all);
    pass_forward(p, m->likelihood, m->likelihood + 1, s->first, s->rows);
    if (has_target_term(e)) {
        pass_forward(p, m->latents, m->target, s->base, s->all);
        pass_forward(p, m->target, m->target + 1, s->first, s->rows);
    }
    for (size_t row = s->first; row < s->first + s->rows; row++) {
        const size_t i = batch_index(&e->batch, row);
        e->figures[i].reconstruction -= likelihood_of_draw(p, m->likelihood, row) / e->samples;
        if (!closed)
            e->figures[i].kl += draw_kl(p, m->z, row) / e->samples;
        else if (k == 0)
            e->figures[i].kl = draw_kl(p, m->z, row);
        const double log_weight = e->marginal ? bound_log_weight(p, m, row) : (double)NAN;
        if (e->marginal)
            add_weight(e, i, k, log_weight);
        if (has_target_term(e))
            add_target(e, row, i, log_weight);
        if (e->drawn != NULL)
            e->drawn(e, row, i, k, log_weight);
    }
}

/* Encodes the items of the range, and resets their figures and their epsilon. */
static void begin_range(struct evaluator *e, const struct range *s) {
    const struct model *m = e->batch.model;
    batch_load_items(&e->batch, s, e->seed);
    pass_forward(&e->batch.pass, 0, m->posterior + 1, s->base, s->all);
    for (size_t row = s->base; row < s->base + s->all; row++)
        memset(draw_epsilon(&e->batch.pass, m->z, row), 0, m->config.latent * sizeof(float));
    for (size_t row = s->first; row < s->first + s->rows; row++) {
        const size_t i = batch_index(&e->batch, row);
        e->figures[i] = (struct item_figures){
            .log_likelihood = NAN,
            .effective = NAN,
            .prediction = NAN,
            .known = NAN,
            .observed = model_skips_elements(m) ? observed_count(model_x(m, &e->batch.pass, row), m->elements)
                                                : m->elements};
        e->weights[i] = log_sum_empty();
    }
    if (e->target != NULL)
        predict_range(e, s);
}

static void evaluate_range(struct batch *batch, const struct range *s) {
    struct evaluator *e = batch->context;
    if (e->first_draw == 0)
        begin_range(e, s);
    for (uint32_t k = e->first_draw; k < e->first_draw + e->draws; k++)
        add_draw(e, s, k);
}

/* Returns the bound of the batch's item i that training maximises; see struct objective. */
static double bound_of(const struct evaluator *e, size_t i) {
    const struct item_figures *f = &e->figures[i];
    const struct objective *o = e->objective;
    const double target = has_target_term(e) ? o->target_weight * f->target : 0;
    if (o->estimator->importance)
        return has_target_term(e) ? log_sum_value(&e->joint[i]) - log(e->samples) : f->log_likelihood;
    const double kl =
        o->free_bits > 0 ? bound_kl(&e->batch.pass, e->batch.model, o, batch_row(&e->batch, i)) : f->kl;
    return f->reconstruction - o->beta * kl + target;
}

/* Evaluates all draws of the items of a batch. */
static void evaluate_batch(struct evaluator *e, const void *items, const uint32_t *label, size_t count,
                           uint64_t item) {
    for (e->first_draw = 0; e->first_draw < e->samples && signals_stop() == 0; e->first_draw += e->draws) {
        const uint32_t left = e->samples - e->first_draw;
        e->draws = left < DRAWS ? left : DRAWS;
        batch_run(&e->batch, items, label, count, item);
        if (progress_due())
            progress_show("items from %" PRIu64 " on, %" PRIu32 " of %" PRIu32 " draws", item,
                          e->first_draw + e->draws, e->samples);
    }
    for (size_t i = 0; i < count; i++) {
        struct item_figures *f = &e->figures[i];
        if (e->marginal) {
            f->log_likelihood = f->curve[e->points - 1];
            f->effective = log_sum_effective(&e->weights[i]);
        }
        f->bound = e->objective == NULL ? 0 : bound_of(e, i);
    }
}

static void set_points(struct evaluator *e) {
    for (uint32_t k = 1; k < e->samples; k *= 10)
        e->point[e->points++] = k;
    e->point[e->points++] = e->samples;
}

int evaluator_start(struct evaluator *e, const struct model *model, struct workers *workers, uint32_t samples,
                    bool marginal, uint64_t seed) {
    const size_t latent = model->config.latent;
    *e = (struct evaluator){
        .seed = seed, .samples = samples == 0 ? 1 : samples, .at_mean = samples == 0, .marginal = marginal};
    if (marginal)
        set_points(e);
    net_pack(&model->net);
    if (batch_start(&e->batch, model, workers) < 0)
        return -1;
    e->batch.work = evaluate_range;
    e->batch.context = e;
    e->total.latents = calloc(latent, sizeof *e->total.latents);
    return e->total.latents == NULL ? fail("evaluation: out of memory") : 0;
}

void evaluator_end(struct evaluator *e) {
    batch_end(&e->batch);
    free(e->total.latents);
}

const float *evaluator_heads(const struct evaluator *e, size_t i) {
    return posterior_heads(&e->batch.pass, e->batch.model->posterior, batch_row(&e->batch, i));
}

/* Adds the figures of an item to the sums. Called in the order of the items, so that the sums do not depend on the
 * number of threads. */
static void add_figures(struct evaluator *e, const struct item_figures *f) {
    struct evaluation *total = &e->total;
    total->items++;
    total->elements += (double)f->observed;
    total->reconstruction += f->reconstruction;
    total->kl += f->kl;
    total->effective += f->effective;
    total->bound += f->bound;
    tally_add(&total->elbo, f->reconstruction - f->kl);
    tally_add(&total->log_likelihood, f->log_likelihood);
    for (size_t p = 0; p < e->points; p++)
        tally_add(&total->curve[p], f->curve[p]);
    if (!isnan(f->known))
        target_add(&total->targets, f->target, f->known, pow(f->prediction - f->known, 2));
}

static void add_latents(struct evaluator *e, size_t i) {
    const struct model *m = e->batch.model;
    latent_sums_add(e->total.latents, evaluator_heads(e, i),
                    posterior_sigma(&e->batch.pass, m->posterior, batch_row(&e->batch, i)), m->config.latent);
}

void evaluator_run(struct evaluator *e, enum dtype dtype, const void *items, const uint32_t *label,
                   const double *target, size_t count, uint64_t item) {
    e->target = target;
    e->batch.dtype = dtype;
    e->batch.item_bytes = e->batch.model->elements * dtype_size(dtype);
    evaluate_batch(e, items, label, count, item);
}

/* Adds the figures of an item, if they are finite. 0 or -1. */
static int take(struct evaluator *e, const struct item_figures *f, uint64_t item, const char *name) {
    if (!isfinite(f->reconstruction) || !isfinite(f->kl) || (e->marginal && !isfinite(f->log_likelihood)))
        return fail("%s: item %" PRIu64 " has reconstruction %g and kl %g, wanted finite figures", name, item,
                    unsigned_nan(f->reconstruction), unsigned_nan(f->kl));
    if (e->target != NULL && !isfinite(f->prediction))
        return fail("%s: item %" PRIu64 " has the predicted target %g, wanted a finite one", name, item,
                    unsigned_nan(f->prediction));
    add_figures(e, f);
    return 0;
}

int evaluator_take(struct evaluator *e, size_t i, uint64_t item, const char *name) {
    if (take(e, &e->figures[i], item, name) < 0)
        return -1;
    add_latents(e, i);
    return 0;
}

void evaluator_refuse(struct evaluator *e, size_t i) {
    e->figures[i] = (struct item_figures){
        .reconstruction = NAN, .kl = NAN, .log_likelihood = NAN, .effective = NAN, .prediction = NAN, .known = NAN};
}

/* Evaluates the items from `item` on, as many as the batch has room for, but none from `end` on. Returns how many.
 */
static size_t run_next(struct evaluator *e, const struct dataset *set, const uint32_t *label, const double *target,
                       size_t item, size_t end) {
    const size_t count = smaller(end - item, batch_room(e->batch.rows, item));
    evaluator_run(e, set->dtype, dataset_item(set, item), label == NULL ? NULL : label + item,
                  target == NULL ? NULL : target + item, count, item);
    return count;
}

/* Items of a rank after which the ranks heed a signal that came to any of them. */
static size_t round_of(const struct evaluator *e) {
    return e->samples > 4 ? 64 : 256;
}

/* Evaluates this rank's items [first, end), while the others evaluate theirs, at most `each`. Returns false after a
 * signal, on all ranks. */
static bool run_rounds(struct evaluator *e, const struct dataset *set, const uint32_t *label, const double *target,
                       struct item_figures *figures, size_t first, size_t end, size_t each) {
    for (size_t round = 0; round < divide_up(each, round_of(e)) && signals_stop() == 0; round++) {
        const size_t last = smaller(first + round_of(e), end);
        for (size_t count; first < last; first += count) {
            count = run_next(e, set, label, target, first, last);
            memcpy(figures + first, e->figures, count * sizeof *figures);
        }
        if (ranks_agree(0) < 0)
            return false;
    }
    return signals_stop() == 0;
}

/* Every rank evaluates a part, and adds up the figures of all. */
static int add_with_ranks(struct evaluator *e, const struct dataset *set, const uint32_t *label,
                          const double *target) {
    const size_t each = divide_up(set->items, ranks_count()), first = smaller(ranks_self() * each, set->items),
                 end = smaller(first + each, set->items);
    struct item_figures *figures = calloc(each * ranks_count(), sizeof *figures);
    int result =
        ranks_agree(figures == NULL ? fail("%s: out of memory for the figures of its items", set->name) : 0);
    const bool done =
        result == 0 && figures != NULL && run_rounds(e, set, label, target, figures, first, end, each);
    if (done)
        ranks_gather(figures, each * sizeof *figures);
    for (size_t item = 0; done && result == 0 && item < set->items; item++)
        result = take(e, &figures[item], dataset_number(set, item), set->name);
    free(figures);
    return result < 0 ? -1 : done;
}

int evaluator_add_all(struct evaluator *e, const struct dataset *set, const uint32_t *label, const double *target) {
    if (ranks_count() > 1)
        return add_with_ranks(e, set, label, target);
    for (size_t item = 0, count; item < set->items && signals_stop() == 0; item += count) {
        count = run_next(e, set, label, target, item, set->items);
        for (size_t i = 0; i < count; i++)
            if (evaluator_take(e, i, dataset_number(set, item + i), set->name) < 0)
                return -1;
    }
    return signals_stop() == 0;
}

struct elbo evaluation_elbo(const struct evaluation *total) {
    const double n = (double)total->items;
    return (struct elbo){.elbo = (total->reconstruction - total->kl) / n,
                         .reconstruction = total->reconstruction / n,
                         .kl = total->kl / n,
                         .bound = total->bound / n,
                         .target = target_figures(&total->targets)};
}

double evaluation_log_likelihood(const struct evaluation *total, double *standard_error) {
    return tally_mean(&total->log_likelihood, total->items, standard_error);
}
