/* SPDX-License-Identifier: MIT */
#include "run/checkpoint.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "nn/safetensors.h"
#include "train/divergence.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit {
    const char *name;
    double seconds;
} units[] = {{"", 0}, {"s", 1}, {"m", 60}, {"h", 3600}};
#define UNITS (sizeof units / sizeof *units)

int every_parse(struct every *e, const char *name, const char *text) {
    char number[32];
    uint64_t value;
    size_t unit = 0;
    const size_t digits = strspn(text, "0123456789");
    while (unit < UNITS && strcmp(text + digits, units[unit].name) != 0)
        unit++;
    snprintf(number, sizeof number, "%.*s", (int)digits, text);
    if (unit == UNITS || digits >= sizeof number || parse_whole(name, number, 1, 1000000000, &value) < 0)
        return fail("%s: found '%s', wanted steps, such as 100, or a time, such as 30s, 10m or 2h", name, text);
    e->steps = unit == 0 ? value : 0;
    e->seconds = (double)value * units[unit].seconds;
    return 0;
}

int checkpoint_open(struct checkpoint *c, const char *path) {
    *c = (struct checkpoint){.path = path};
    return path == NULL ? 0 : atomic_open(&c->file, path);
}

int checkpoint_start(struct checkpoint *c, const struct run_data *data, bool spans) {
    c->identity = identity_make(c->training, data, c->options, spans);
    return c->identity == NULL ? -1 : 0;
}

void checkpoint_end(struct checkpoint *c) {
    atomic_abandon(&c->file);
    json_decref(c->identity);
    c->identity = NULL;
}

#define VERSION 2

/* The version is checked before the other keys, since these may differ in a later version. */
int checkpoint_version(int *version, const char *name, const json_t *stored) {
    const char *format = identity_text(stored, "format"), *text = identity_text(stored, "version");
    if (strcmp(format, safetensors_checkpoint.format) != 0)
        return fail("%s: metadata \"format\" is \"%s\", wanted \"%s\"", name, format,
                    safetensors_checkpoint.format);
    *version = strcmp(text, "1") == 0 ? 1 : strcmp(text, "2") == 0 ? 2 : 0;
    return *version == 0 ? fail("%s: metadata \"version\" is \"%s\", wanted \"1\" or \"2\"", name, text) : 0;
}

/* The whole numbers of the state; each has a key in the metadata, some only since version 2. */
struct figures {
    uint64_t epoch, step, position, judged, validated, best_epoch, best_step, best_active;
};

struct figure {
    const char *key;
    size_t offset;
    int version;
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
};
#define FIGURES (sizeof figures / sizeof *figures)

static uint64_t *figure_of(struct figures *f, size_t i) {
    return (uint64_t *)((char *)f + figures[i].offset);
}

static bool is_state(const char *key) {
    for (size_t i = 0; i < FIGURES; i++)
        if (strcmp(key, figures[i].key) == 0)
            return true;
    return strcmp(key, "format") == 0 || strcmp(key, "version") == 0 || strcmp(key, "made_by") == 0 ||
           strcmp(key, "xxh64") == 0;
}

/* Reads the figures of a checkpoint of this version; the others stay 0. 0 or -1. */
static int get_figures(struct figures *f, int version, const char *name, const json_t *stored) {
    char what[ERROR_SUBJECT];
    *f = (struct figures){0};
    for (size_t i = 0; i < FIGURES; i++) {
        if (figures[i].version > version)
            continue;
        snprintf(what, sizeof what, "%s: metadata \"%s\"", name, figures[i].key);
        if (parse_whole(what, identity_text(stored, figures[i].key), 0, UINT64_MAX, figure_of(f, i)) < 0)
            return -1;
    }
    return 0;
}

/* The real numbers of the state. */
struct sums {
    double reconstruction, kl, bound, all_deviations, all_deviating;
    struct means {
        double elbo, reconstruction, kl, bound;
    } last, validation, best, best_validation;
    double seconds;
};

_Static_assert(sizeof(struct sums) == 22 * sizeof(double), "written as a row of them");
/* The same in version 1, in which the bound of the objectives elbo and stl was the ELBO, whatever the weight of KL.
 */
struct sums_1 {
    double reconstruction, kl, bound, all_deviations, all_deviating;
    double last_bound, last_reconstruction, last_kl, best_validation, best_bound, seconds;
};

_Static_assert(sizeof(struct sums_1) == 11 * sizeof(double), "written as a row of them");
_Static_assert(sizeof(struct latent_sums) == 3 * sizeof(double), "written as a row of them");

/* The same of a run with targets. */
struct target_state {
    struct target_sums sums; /* of the epoch so far */
    struct target_figures last, validation, best, best_validation;
};

_Static_assert(sizeof(struct target_state) == 13 * sizeof(double), "written as a row of them");

/* Returns how many tensors at the start of the list may hold nan. */
static size_t sums_tensors(const struct checkpoint *c) {
    return model_has_head(c->training->model) ? 2 : 1;
}

/* Adds all tensors of the state to an empty list. sums [count]: a struct of sums. `target`: read only if the model
 * has a head. `best`: the best weights so far are among the tensors. */
static void list_tensors(struct safetensors *file, const struct checkpoint *c, void *sums, size_t count,
                         struct target_state *target, bool best) {
    const struct parameters *p = &c->training->model->net.parameters;
    const struct shape sum = shape_vector(count), targets = shape_vector(sizeof *target / sizeof(double)),
                       latents = {.rank = 2, .dim = {c->training->model->config.latent, 3}};
    safetensors_add(file, STORED_F64, "sums", &sum, sums);
    if (model_has_head(c->training->model))
        safetensors_add(file, STORED_F64, "target_sums", &targets, target);
    safetensors_add(file, STORED_F64, "latents", &latents, c->training->latents);
    safetensors_add_parameters(file, "", p, p->value);
    safetensors_add_parameters(file, "first.", p, p->first);
    safetensors_add_parameters(file, "second.", p, p->second);
    if (p->average != NULL)
        safetensors_add_parameters(file, "average.", p, p->average);
    if (best)
        safetensors_add_parameters(file, "best.", p, c->saver->kept);
}

/* Returns whether the best weights so far are part of the state. */
static bool has_best(const struct saver *s) {
    return s->best && s->kept_provenance.epochs > 0;
}

static struct means means_of(const struct elbo *e) {
    return (struct means){.elbo = e->elbo, .reconstruction = e->reconstruction, .kl = e->kl, .bound = e->bound};
}

static struct elbo elbo_of(const struct means *m, const struct target_figures *target) {
    return (struct elbo){
        .elbo = m->elbo, .reconstruction = m->reconstruction, .kl = m->kl, .bound = m->bound, .target = *target};
}

static struct sums sums_of(const struct checkpoint *c) {
    const struct elbo none = ELBO_NONE;
    const struct training *t = c->training;
    const struct saver *s = c->saver;
    const bool best = has_best(s);
    return (struct sums){.reconstruction = t->reconstruction,
                         .kl = t->kl,
                         .bound = t->bound,
                         .all_deviations = t->deviations.sum,
                         .all_deviating = t->deviations.count,
                         .last = means_of(&t->last),
                         .validation = means_of(&s->validation),
                         .best = means_of(best ? &s->kept_provenance.train : &none),
                         .best_validation = means_of(best ? &s->kept_provenance.validation : &none),
                         .seconds = c->seconds + progress_seconds()};
}

static struct target_state target_state_of(const struct checkpoint *c) {
    const struct saver *s = c->saver;
    const bool best = has_best(s);
    return (struct target_state){.sums = c->training->targets,
                                 .last = c->training->last.target,
                                 .validation = s->validation.target,
                                 .best = best ? s->kept_provenance.train.target : TARGET_NONE,
                                 .best_validation = best ? s->kept_provenance.validation.target : TARGET_NONE};
}

static json_t *describe(const struct checkpoint *c) {
    const struct training *t = c->training;
    struct figures f = {.epoch = t->epoch,
                        .step = t->step,
                        .position = t->position,
                        .judged = c->judged,
                        .validated = c->saver->validated};
    if (has_best(c->saver)) {
        f.best_epoch = c->saver->kept_provenance.epochs;
        f.best_step = c->saver->kept_provenance.steps;
        f.best_active = c->saver->kept_provenance.active_latents;
    }
    json_t *metadata = json_copy(c->identity);
    int failed = metadata == NULL || metadata_put(metadata, "format", "%s", safetensors_checkpoint.format) != 0 ||
                 metadata_put(metadata, "version", "%d", VERSION) != 0 ||
                 metadata_put(metadata, "made_by", "vaeutils " VAEUTILS_VERSION) != 0;
    for (size_t i = 0; !failed && i < FIGURES; i++)
        failed = metadata_put(metadata, figures[i].key, "%" PRIu64, *figure_of(&f, i)) != 0;
    if (!failed)
        return metadata;
    json_decref(metadata);
    return NULL;
}

static int write_state(struct checkpoint *c, struct safetensors *tensors) {
    struct sums sums = sums_of(c);
    struct target_state target = target_state_of(c);
    list_tensors(tensors, c, &sums, sizeof sums / sizeof(double), &target, has_best(c->saver));
    /* A state that cannot be resumed must not replace one that can. */
    if (divergence_check(c->training) < 0 || safetensors_check_finite(tensors, sums_tensors(c), c->path) < 0 ||
        atomic_begin(&c->file) < 0)
        return -1;
    json_t *metadata = describe(c);
    const int result = metadata == NULL ? fail("%s: out of memory for its metadata", c->path)
                                        : safetensors_write(&c->file.out, tensors, metadata);
    json_decref(metadata);
    return result;
}

int checkpoint_save(struct checkpoint *c) {
    if (c->path == NULL)
        return 0;
    struct safetensors tensors = {0};
    const int result = write_state(c, &tensors);
    safetensors_free(&tensors);
    if (result < 0) {
        atomic_clear(&c->file); /* frees space on the disk, which the model may need */
        return -1;
    }
    c->saved_steps = c->training->step;
    c->saved_seconds = progress_seconds();
    return atomic_replace(&c->file); /* not atomic_commit, since the file belongs to the run until it ends */
}

bool checkpoint_is_due(const struct checkpoint *c) {
    if (c->path == NULL)
        return false;
    return c->every.steps > 0 ? c->training->step - c->saved_steps >= c->every.steps
                              : progress_seconds() - c->saved_seconds >= c->every.seconds;
}

static uint64_t steps_per_epoch(const struct training *t) {
    return divide_up(t->data->items, t->batch);
}

/* Checks that a run can reach this position. 0 or -1. */
static int check_figures(const struct figures *f, const struct training *t, const char *name) {
    const uint64_t items = t->data->items, steps = steps_per_epoch(t);
    const bool whole = f->judged == f->epoch && f->position == (f->epoch == 0 ? 0 : items),
               within = f->epoch > 0 && f->judged == f->epoch - 1 && f->position <= items &&
                        (f->position % t->batch == 0 || f->position == items);
    const uint64_t done = (f->position + t->batch - 1) / t->batch;
    if ((!whole && !within) || (f->epoch > 0 && f->step != (f->epoch - 1) * steps + done) ||
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

static void give(struct checkpoint *c, const struct figures *f, const struct sums *sums,
                 const struct target_state *target) {
    struct training *t = c->training;
    struct saver *s = c->saver;
    t->epoch = f->epoch;
    t->step = f->step;
    t->position = f->position;
    t->reconstruction = sums->reconstruction;
    t->kl = sums->kl;
    t->bound = sums->bound;
    t->deviations.sum = sums->all_deviations;
    t->deviations.count = sums->all_deviating;
    t->targets = target->sums;
    t->last = elbo_of(&sums->last, &target->last);
    c->judged = f->judged;
    c->seconds = sums->seconds;
    c->saved_steps = f->step;
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

static int check_moments(const struct parameters *p, const char *name) {
    for (size_t i = 0; i < p->size; i++)
        if (p->second[i] < 0)
            return fail("%s: the second moments hold %g, wanted no number below 0", name, (double)p->second[i]);
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

/* Sets the figures that a checkpoint of version 1 lacks: no validation is known, and no latent is said to have
 * collapsed. */
static void convert_figures(struct figures *f, const struct training *t) {
    f->validated = f->judged * steps_per_epoch(t);
    f->best_active = t->model->config.latent;
}

static int load(struct checkpoint *c, const struct input *in, const json_t *metadata, const json_t *tensors,
                struct safetensors *file) {
    struct figures f;
    struct sums sums;
    struct sums_1 sums_1;
    struct target_state target = {
        .last = TARGET_NONE, .validation = TARGET_NONE, .best = TARGET_NONE, .best_validation = TARGET_NONE};
    int version;
    if (checkpoint_version(&version, in->name, metadata) < 0 ||
        identity_check(c->identity, metadata, c->options, is_state, in->name) < 0 ||
        get_figures(&f, version, in->name, metadata) < 0)
        return -1;
    if (version == 1)
        convert_figures(&f, c->training);
    if (check_figures(&f, c->training, in->name) < 0)
        return -1;
    if (version == 1)
        list_tensors(file, c, &sums_1, sizeof sums_1 / sizeof(double), &target, f.best_epoch > 0);
    else
        list_tensors(file, c, &sums, sizeof sums / sizeof(double), &target, f.best_epoch > 0);
    if (safetensors_check(in, tensors, file) < 0 || safetensors_read_data(in, metadata, file) < 0)
        return -1;
    if (version == 1)
        sums = convert_sums(&sums_1, c->training);
    if (check_sums(&sums, &target.sums, in->name) < 0 ||
        safetensors_check_finite(file, sums_tensors(c), in->name) < 0 ||
        check_moments(&c->training->model->net.parameters, in->name) < 0)
        return -1;
    give(c, &f, &sums, &target);
    training_resume(c->training);
    return 0;
}

int checkpoint_load(struct checkpoint *c, const char *path) {
    struct input in;
    json_t *metadata, *tensors;
    if (input_open(&in, path) < 0)
        return -1;
    struct safetensors file = {0};
    int result = safetensors_read_header(&in, &safetensors_checkpoint, &metadata, &tensors);
    if (result == 0)
        result = load(c, &in, metadata, tensors, &file);
    safetensors_free(&file);
    json_decref(metadata);
    json_decref(tensors);
    input_close(&in);
    return result;
}

static void note_replaced(const struct checkpoint *c, const json_t *metadata) {
    struct figures f;
    int version;
    if (checkpoint_version(&version, c->path, metadata) < 0 || get_figures(&f, version, c->path, metadata) < 0 ||
        f.step <= c->training->step)
        return;
    if (identity_check(c->identity, metadata, c->options, is_state, c->path) == 0)
        cli_note("%s: holds step %" PRIu64
                 " of this training, and will be replaced, because --resume %s is not given",
                 c->path, f.step, c->path);
    else
        cli_note("%s: holds step %" PRIu64 ", which this run cannot continue from, and will be replaced", c->path,
                 f.step);
}

/* A file that cannot be read as a checkpoint is replaced without a note. */
void checkpoint_note_replaced(const struct checkpoint *c) {
    struct input in;
    json_t *metadata, *tensors;
    if (c->path == NULL || input_open(&in, c->path) < 0)
        return;
    if (safetensors_read_header(&in, &safetensors_checkpoint, &metadata, &tensors) == 0)
        note_replaced(c, metadata);
    json_decref(metadata);
    json_decref(tensors);
    input_close(&in);
}
