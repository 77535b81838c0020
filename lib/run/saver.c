/* SPDX-License-Identifier: MIT */
#include "run/saver.h"

#include "base/cli.h"
#include "base/error.h"
#include "train/divergence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int saver_open(struct saver *s, const char *path) {
    *s = (struct saver){.path = path, .validation = ELBO_NONE};
    return path == NULL ? 0 : atomic_open(&s->file, path);
}

int saver_start(struct saver *s) {
    s->kept = malloc(s->training->model->net.parameters.size * sizeof *s->kept);
    if (s->kept == NULL)
        return fail("model: out of memory for its weights");
    return 0;
}

void saver_close(struct saver *s) {
    atomic_abandon(&s->file);
    free(s->kept);
    s->kept = NULL;
}

static void describe_state(struct saver *s) {
    s->provenance.train = training_elbo(s->training);
    s->provenance.validation = s->validated == s->training->step ? s->validation : ELBO_NONE;
    s->provenance.active_latents = training_active_latents(s->training);
    s->provenance.epochs = s->training->epoch;
    s->provenance.steps = s->training->step;
}

/* Returns the weights that are saved: the moving average, if there is one. */
static float *weights(const struct parameters *p) {
    return p->average != NULL ? p->average : p->value;
}

void saver_judge(struct saver *s, const struct elbo *validation, bool keep) {
    const struct parameters *p = &s->training->model->net.parameters;
    s->validation = *validation;
    s->validated = s->training->step;
    if (!keep || parameters_not_finite(p, p->value) != NULL)
        return;
    describe_state(s);
    s->kept_provenance = s->provenance;
    memcpy(s->kept, weights(p), p->size * sizeof *p->value);
}

/* Writes the model with these weights, and replaces the old file by put(), which is atomic_replace or
 * atomic_commit. On error the file is closed. 0 or -1. */
static int put_weights(struct saver *s, const struct provenance *provenance, float *value,
                       int (*put)(struct atomic_file *file)) {
    struct model model = *s->training->model;
    model.net.parameters.value = value;
    if (atomic_begin(&s->file) == 0 && model_write(&model, provenance, &s->file.out) == 0)
        return put(&s->file);
    atomic_abandon(&s->file);
    return -1;
}

/* Returns whether the kept weights are saved instead of the present ones. */
static bool saves_kept(const struct saver *s) {
    return s->best && s->kept_provenance.epochs > 0;
}

const struct provenance *saver_saves(struct saver *s) {
    if (saves_kept(s))
        return &s->kept_provenance;
    describe_state(s);
    return &s->provenance;
}

/* Writes the weights, and says why training has ended. 0 or -1. */
static int save(struct saver *s, const struct provenance *made, float *value, const char *ended,
                int (*put)(struct atomic_file *file)) {
    struct provenance provenance = *made;
    provenance.ended = ended;
    provenance.epochs_run = s->training->epoch;
    return put_weights(s, &provenance, value, put);
}

/* Returns the weights to be saved: the kept or the present ones. */
static float *saved_weights(const struct saver *s) {
    return saves_kept(s) ? s->kept : weights(&s->training->model->net.parameters);
}

int saver_save(struct saver *s, const char *ended, bool again) {
    if (divergence_check(s->training) < 0)
        return -1;
    return s->path == NULL
               ? 0
               : save(s, saver_saves(s), saved_weights(s), ended, again ? atomic_replace : atomic_commit);
}

void saver_restore(const struct saver *s, struct model *model) {
    const struct parameters *p = &model->net.parameters;
    memmove(p->value, saved_weights(s), p->size * sizeof *p->value);
}

void saver_rescue(struct saver *s) {
    if (s->file.out.name == NULL || s->kept_provenance.epochs == 0) {
        atomic_abandon(&s->file);
        return;
    }
    char reason[ERROR_MESSAGE];
    snprintf(reason, sizeof reason, "%s", error_message());
    if (save(s, &s->kept_provenance, s->kept, "failure", atomic_commit) == 0)
        cli_note("%s: holds the weights of epoch %" PRIu64, s->path, s->kept_provenance.epochs);
    else
        (void)fail("%s; %s", reason, error_message());
}
