/* SPDX-License-Identifier: MIT */
#include "run/checkpoint.h"

#include "run/shared_input.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "nn/safetensors.h"
#include "train/divergence.h"

#include <inttypes.h>
#include <stdio.h>
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
    json_decref(c->identity);
    c->identity = identity_make(c->training, data, c->options, spans);
    return c->identity == NULL ? -1 : 0;
}

void checkpoint_end(struct checkpoint *c) {
    atomic_abandon(&c->file);
    json_decref(c->identity);
    c->identity = NULL;
}

/* The version is checked before the other keys, since these may differ in a later version. */
int checkpoint_version(int *version, const char *name, const json_t *stored) {
    const char *format = identity_text(stored, "format"), *text = identity_text(stored, "version");
    if (strcmp(format, safetensors_checkpoint.format) != 0)
        return fail("%s: metadata \"format\" is \"%s\", wanted \"%s\"", name, format,
                    safetensors_checkpoint.format);
    *version = strcmp(text, "1") == 0 ? 1 : strcmp(text, "2") == 0 ? 2 : 0;
    return *version == 0 ? fail("%s: metadata \"version\" is \"%s\", wanted \"1\" or \"2\"", name, text) : 0;
}

static bool is_state(const char *key) {
    return run_state_is_key(key) || strcmp(key, "format") == 0 || strcmp(key, "version") == 0 ||
           strcmp(key, "made_by") == 0 || strcmp(key, "xxh64") == 0;
}

_Static_assert(sizeof(struct latent_sums) == 3 * sizeof(double), "written as a row of them");

/* Returns how many tensors at the start of the list may hold nan. */
static size_t sums_tensors(const struct checkpoint *c) {
    return model_has_head(c->training->model) ? 2 : 1;
}

/* Adds all tensors of the state to an empty list. `best`: the best weights so far are among them. */
static void list_tensors(struct safetensors *file, const struct checkpoint *c, struct run_state *state, int version,
                         bool best) {
    const struct model *model = c->training->model;
    const struct parameters *p = &model->net.parameters;
    size_t count;
    double *sums = run_state_sums(state, version, &count);
    const struct shape sum = shape_vector(count), targets = shape_vector(sizeof state->target / sizeof(double)),
                       latents = {.rank = 2, .dim = {model->config.latent, 3}};
    safetensors_add(file, STORED_F64, "sums", &sum, sums);
    if (model_has_head(model))
        safetensors_add(file, STORED_F64, "target_sums", &targets, &state->target);
    safetensors_add(file, STORED_F64, "latents", &latents, c->training->sums->latents);
    safetensors_add_parameters(file, "", p, p->value);
    safetensors_add_parameters(file, "first.", p, p->first);
    safetensors_add_parameters(file, "second.", p, p->second);
    if (p->average != NULL)
        safetensors_add_parameters(file, "average.", p, p->average);
    if (best)
        safetensors_add_parameters(file, "best.", p, c->saver->kept);
}

static json_t *describe(const struct checkpoint *c, const struct run_state *state) {
    json_t *metadata = json_object();
    /* json_copy does not look whether it could add a value. */
    if (json_object_update(metadata, c->identity) == 0 &&
        metadata_put(metadata, "format", "%s", safetensors_checkpoint.format) == 0 &&
        metadata_put(metadata, "version", "%d", RUN_STATE_VERSION) == 0 &&
        metadata_put(metadata, "made_by", "vaeutils " VAEUTILS_VERSION) == 0 && run_state_put(state, metadata) == 0)
        return metadata;
    json_decref(metadata);
    return NULL;
}

static int write_state(struct checkpoint *c, struct safetensors *tensors) {
    struct run_state state = run_state_of(c->training, c->saver, c->judged, c->seconds + progress_seconds());
    if (c->training->stream == NULL)
        state.figures.known.read = c->digested;
    list_tensors(tensors, c, &state, RUN_STATE_VERSION, run_state_has_best(c->saver));
    /* A state that cannot be resumed must not replace one that can. */
    if (divergence_check(c->training) < 0 || safetensors_check_finite(tensors, sums_tensors(c), c->path) < 0 ||
        atomic_begin(&c->file) < 0)
        return -1;
    json_t *metadata = describe(c, &state);
    const int result = metadata == NULL ? fail("%s: out of memory for its metadata", c->path)
                                        : safetensors_write(&c->file.out, tensors, metadata);
    json_decref(metadata);
    return result;
}

int checkpoint_save(struct checkpoint *c) {
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

static int check_moments(const struct parameters *p, const char *name) {
    for (size_t i = 0; i < p->size; i++)
        if (p->second[i] < 0)
            return fail("%s: the second moments hold %g, wanted no number below 0", name, (double)p->second[i]);
    return 0;
}

/* Checks the first items of those in memory, if the state knows these only. 0 or -1. */
static int check_part(const struct dataset *data, const struct items_read *known) {
    if (known->items > 0 && data->part != NULL)
        return fail("%s: is in parts, wanted the file of the run that was interrupted", data->name);
    const uint64_t found = known->items == 0 ? 0 : XXH64(data->data, known->items * data->item_bytes, 0);
    if (known->items == 0 || found == known->xxh64)
        return 0;
    return items_fail_changed(data->name, known->items, found, known->xxh64);
}

static int load(struct checkpoint *c, const struct input *in, const json_t *metadata, const json_t *tensors,
                struct safetensors *file) {
    struct run_state state;
    int version;
    if (checkpoint_version(&version, in->name, metadata) < 0 ||
        identity_check(c->identity, metadata, c->options, is_state, in->name) < 0 ||
        run_state_read(&state, version, in->name, metadata) < 0 ||
        run_state_check_figures(&state, version, c->training, in->name) < 0 ||
        (c->training->stream == NULL && check_part(c->training->data, &state.figures.known.read) < 0))
        return -1;
    list_tensors(file, c, &state, version, state.figures.best_epoch > 0);
    if (safetensors_check(in, tensors, file) < 0 || safetensors_read_data(in, metadata, file) < 0 ||
        run_state_check_sums(&state, version, c->training, in->name) < 0 ||
        safetensors_check_finite(file, sums_tensors(c), in->name) < 0 ||
        check_moments(&c->training->model->net.parameters, in->name) < 0)
        return -1;
    run_state_give(&state, c->training, c->saver);
    c->judged = state.figures.judged;
    c->seconds = state.sums.seconds;
    c->saved_steps = state.figures.step;
    return training_resume(c->training, &state.figures.known);
}

static int read_from(struct checkpoint *c, const struct input *in) {
    json_t *metadata, *tensors;
    struct safetensors file = {0};
    int result = safetensors_read_header(in, &safetensors_checkpoint, &metadata, &tensors);
    if (result == 0)
        result = load(c, in, metadata, tensors, &file);
    safetensors_free(&file);
    json_decref(metadata);
    json_decref(tensors);
    return result;
}

int checkpoint_load(struct checkpoint *c, const char *path) {
    struct shared_input shared;
    int result = shared_input_open(&shared, path);
    if (result == 0)
        result = read_from(c, &shared.in);
    shared_input_close(&shared);
    return result;
}

static void note_replaced(const struct checkpoint *c, const json_t *metadata) {
    struct run_state state;
    int version;
    if (checkpoint_version(&version, c->path, metadata) < 0 ||
        run_state_read(&state, version, c->path, metadata) < 0 || state.figures.step <= c->training->step)
        return;
    const uint64_t step = state.figures.step;
    if (identity_check(c->identity, metadata, c->options, is_state, c->path) == 0)
        cli_note("%s: holds step %" PRIu64
                 " of this training, and will be replaced, because --resume %s is not given",
                 c->path, step, c->path);
    else
        cli_note("%s: holds step %" PRIu64 ", which this run cannot continue from, and will be replaced", c->path,
                 step);
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
