/* SPDX-License-Identifier: MIT */
#include "run/run_state.h"

#include "base/error.h"
#include "base/number.h"
#include "run/identity.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct sums) == 22 * sizeof(double), "written as a row of them");
_Static_assert(sizeof(struct sums_1) == 11 * sizeof(double), "written as a row of them");
_Static_assert(sizeof(struct target_state) == 13 * sizeof(double), "written as a row of them");

struct figure {
    const char *key;
    size_t offset;
    int version;    /* the first that has it */
    bool of_a_part; /* only a state that knows a part of the items has it, see struct figures */
};

static const struct figure figures[] = {
    {"epoch", offsetof(struct figures, epoch), 1},
    {"step", offsetof(struct figures, step), 1},
    {"position", offsetof(struct figures, position), 1},
    {"epochs_done", offsetof(struct figures, judged), 1},
    {"validated_step", offsetof(struct figures, validated), 2},
    {"best_epoch", offsetof(struct figures, best_epoch), 1},
    {"best_step", offsetof(struct figures, best_step), 1},
    {"best_active", offsetof(struct figures, best_active), 2},
    {"read_items", offsetof(struct figures, known.read.items), 2, true},
    {"read_xxh64", offsetof(struct figures, known.read.xxh64), 2, true},
    {"all_xxh64", offsetof(struct figures, known.whole), 2, true},
};
#define FIGURES (sizeof figures / sizeof *figures)

bool run_state_is_key(const char *key) {
    for (size_t i = 0; i < FIGURES; i++)
        if (strcmp(key, figures[i].key) == 0)
            return true;
    return false;
}

int run_state_put(const struct run_state *s, json_t *metadata) {
    for (size_t i = 0; i < FIGURES; i++) {
        const uint64_t value = *(const uint64_t *)((const char *)&s->figures + figures[i].offset);
        if (figures[i].of_a_part && s->figures.known.read.items == 0)
            continue;
        if (metadata_put(metadata, figures[i].key, "%" PRIu64, value) != 0)
            return -1;
    }
    return 0;
}

int run_state_read(struct run_state *s, int version, const char *name, const json_t *metadata) {
    char what[ERROR_SUBJECT];
    *s = (struct run_state){
        .target = {
            .last = TARGET_NONE, .validation = TARGET_NONE, .best = TARGET_NONE, .best_validation = TARGET_NONE}};
    for (size_t i = 0; i < FIGURES; i++) {
        uint64_t *value = (uint64_t *)((char *)&s->figures + figures[i].offset);
        if (figures[i].version > version ||
            (figures[i].of_a_part && json_object_get(metadata, figures[i].key) == NULL))
            continue;
        snprintf(what, sizeof what, "%s: metadata \"%s\"", name, figures[i].key);
        if (parse_whole(what, identity_text(metadata, figures[i].key), 0, UINT64_MAX, value) < 0)
            return -1;
    }
    return 0;
}

double *run_state_sums(struct run_state *s, int version, size_t *count) {
    *count = (version == 1 ? sizeof s->sums_1 : sizeof s->sums) / sizeof(double);
    return version == 1 ? &s->sums_1.reconstruction : &s->sums.reconstruction;
}

bool run_state_has_best(const struct saver *s) {
    return s->best && s->kept_provenance.epochs > 0;
}

static struct means means_of(const struct elbo *e) {
    return (struct means){.elbo = e->elbo, .reconstruction = e->reconstruction, .kl = e->kl, .bound = e->bound};
}

static struct elbo elbo_of(const struct means *m, const struct target_figures *target) {
    return (struct elbo){
        .elbo = m->elbo, .reconstruction = m->reconstruction, .kl = m->kl, .bound = m->bound, .target = *target};
}

static struct figures figures_of(const struct training *t, const struct saver *s, uint64_t judged) {
    struct figures f = {
        .epoch = t->epoch, .step = t->step, .position = t->position, .judged = judged, .validated = s->validated};
    if (t->stream != NULL)
        f.known = blocks_known(t->stream);
    if (run_state_has_best(s)) {
        f.best_epoch = s->kept_provenance.epochs;
        f.best_step = s->kept_provenance.steps;
        f.best_active = s->kept_provenance.active_latents;
    }
    return f;
}

static struct sums sums_of(const struct training *t, const struct saver *s, double seconds) {
    const struct elbo none = ELBO_NONE;
    const bool best = run_state_has_best(s);
    return (struct sums){.reconstruction = t->sums->reconstruction,
                         .kl = t->sums->kl,
                         .bound = t->sums->bound,
                         .all_deviations = t->sums->deviations.sum,
                         .all_deviating = t->sums->deviations.count,
                         .last = means_of(&t->last),
                         .validation = means_of(&s->validation),
                         .best = means_of(best ? &s->kept_provenance.train : &none),
                         .best_validation = means_of(best ? &s->kept_provenance.validation : &none),
                         .seconds = seconds};
}

static struct target_state target_state_of(const struct training *t, const struct saver *s) {
    const bool best = run_state_has_best(s);
    return (struct target_state){.sums = t->sums->targets,
                                 .last = t->last.target,
                                 .validation = s->validation.target,
                                 .best = best ? s->kept_provenance.train.target : TARGET_NONE,
                                 .best_validation = best ? s->kept_provenance.validation.target : TARGET_NONE};
}

struct run_state run_state_of(const struct training *t, const struct saver *s, uint64_t judged, double seconds) {
    return (struct run_state){
        .figures = figures_of(t, s, judged), .sums = sums_of(t, s, seconds), .target = target_state_of(t, s)};
}

/* Returns the number of items of an epoch; of a stream that does not say it, what was read, which is all or more
 * than `position`. */
static uint64_t items_of(const struct figures *f, const struct training *t) {
    const uint64_t items = training_items(t);
    return items > 0 ? items : f->known.read.items;
}

static uint64_t steps_per_epoch(const struct figures *f, const struct training *t) {
    return divide_up(items_of(f, t), t->batch);
}

/* Checks that a run can reach this position. 0 or -1. */
static int check_figures(const struct figures *f, const struct training *t, const char *name) {
    const uint64_t items = items_of(f, t), steps = steps_per_epoch(f, t);
    const bool whole = f->judged == f->epoch && f->position == (f->epoch == 0 ? 0 : items),
               within = f->epoch > 0 && f->judged == f->epoch - 1 && f->position <= items &&
                        (f->position % t->batch == 0 || f->position == items);
    const uint64_t done = divide_up(f->position, t->batch);
    const bool streams = t->stream != NULL;
    if (f->known.read.items > items || (streams && f->known.read.items < larger(f->position, 1)) ||
        (!whole && !within) || (f->epoch > 0 && f->step != (f->epoch - 1) * steps + done) ||
        (f->epoch == 0 && f->step != 0) || f->best_epoch > f->judged || f->best_step != f->best_epoch * steps ||
        f->validated != f->judged * steps || f->best_active > t->model->config.latent)
        return fail("%s: step %" PRIu64 " at item %" PRIu64 " of epoch %" PRIu64
                    ", wanted a position that this run can reach",
                    name, f->step, f->position, f->epoch);
    if (f->epoch > (uint64_t)t->epochs)
        return fail("%s: has reached epoch %" PRIu64 ", wanted at most the %.0f of --epochs", name, f->epoch,
                    t->epochs);
    return 0;
}

int run_state_check_figures(struct run_state *s, int version, const struct training *t, const char *name) {
    if (version == 1) {
        s->figures.validated = s->figures.judged * steps_per_epoch(&s->figures, t);
        s->figures.best_active = t->model->config.latent;
    }
    return check_figures(&s->figures, t, name);
}

/* Checks that a run can have these sums. The figures of earlier epochs are nan if there were none. 0 or -1. */
static int check_sums(const struct sums *s, const struct target_sums *t, const char *name) {
    const double sum = s->reconstruction + s->kl + s->bound + s->all_deviations + s->all_deviating,
                 targets = t->count + t->log_likelihood + t->residual + t->mean + t->spread;
    if (!isfinite(sum) || !(s->seconds >= 0 && s->seconds < INFINITY))
        return fail("%s: tensor \"sums\" holds impossible values, wanted finite sums and at least 0 seconds", name);
    if (!isfinite(targets) || !(t->count >= 0))
        return fail("%s: tensor \"target_sums\" holds impossible values, wanted finite sums of items", name);
    return 0;
}

/* Returns the sums of a checkpoint of version 1. Figures that it lacks become NaN. */
static struct sums convert_sums(const struct sums_1 *s, const struct training *t) {
    const bool same = objective_is_elbo(&t->objective) || t->objective.estimator->importance;
    const struct elbo none = ELBO_NONE;
    struct sums sums = {s->reconstruction,
                        s->kl,
                        s->bound,
                        s->all_deviations,
                        s->all_deviating,
                        .validation = means_of(&none),
                        .best = means_of(&none),
                        .best_validation = means_of(&none),
                        .seconds = s->seconds};
    sums.last =
        (struct means){s->last_reconstruction - s->last_kl, s->last_reconstruction, s->last_kl, s->last_bound};
    sums.best.elbo = sums.best.bound = s->best_bound;
    sums.best_validation.bound = same ? s->best_validation : NAN;
    return sums;
}

int run_state_check_sums(struct run_state *s, int version, const struct training *t, const char *name) {
    if (version == 1)
        s->sums = convert_sums(&s->sums_1, t);
    return check_sums(&s->sums, &s->target.sums, name);
}

void run_state_give(const struct run_state *state, struct training *t, struct saver *s) {
    const struct figures *f = &state->figures;
    const struct sums *sums = &state->sums;
    const struct target_state *target = &state->target;
    t->epoch = f->epoch;
    t->step = f->step;
    t->position = f->position;
    t->sums->reconstruction = sums->reconstruction;
    t->sums->kl = sums->kl;
    t->sums->bound = sums->bound;
    t->sums->deviations.sum = sums->all_deviations;
    t->sums->deviations.count = sums->all_deviating;
    t->sums->targets = target->sums;
    t->last = elbo_of(&sums->last, &target->last);
    if (f->best_epoch > 0) {
        s->kept_provenance = s->provenance;
        s->kept_provenance.epochs = f->best_epoch;
        s->kept_provenance.steps = f->best_step;
        s->kept_provenance.active_latents = (size_t)f->best_active;
        s->kept_provenance.train = elbo_of(&sums->best, &target->best);
        s->kept_provenance.validation = elbo_of(&sums->best_validation, &target->best_validation);
    }
    s->validation = elbo_of(&sums->validation, &target->validation);
    s->validated = f->validated;
}
