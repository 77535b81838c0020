/* SPDX-License-Identifier: MIT */
#include "model/model_file.h"

#include "base/error.h"
#include "nn/json_text.h"
#include "nn/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Writes the figures of a data set as PREFIX_elbo and so on, unless there are none. 0, or another value if memory
 * runs out. */
static int put_figures(json_t *m, const char *prefix, const struct elbo *e) {
    static const char *const names[] = {"elbo", "reconstruction", "kl", "bound"};
    const double figures[] = {e->elbo, e->reconstruction, e->kl, e->bound};
    char key[64];
    int failed = 0;
    for (size_t i = 0; i < 4 && !isnan(e->elbo); i++) {
        snprintf(key, sizeof key, "%s_%s", prefix, names[i]);
        failed |= metadata_put(m, key, "%.6f", figures[i]);
    }
    snprintf(key, sizeof key, "%s_target_r2", prefix);
    if (!isnan(e->target.r2))
        failed |= metadata_put(m, key, "%.6f", e->target.r2);
    return failed;
}

static int put_provenance(json_t *m, const struct provenance *p, const struct model *model) {
    if (model->config.classes > 0 && metadata_put(m, "labels_xxh64", "%016" PRIx64, p->labels_xxh64) != 0)
        return -1;
    if (model_has_head(model) && metadata_put(m, "target_xxh64", "%016" PRIx64, p->target_xxh64) != 0)
        return -1;
    if (p->start_xxh64 != 0 && metadata_put(m, "start_xxh64", "%016" PRIx64, p->start_xxh64) != 0)
        return -1;
    const int failed =
        metadata_put(m, "made_by", "vaeutils " VAEUTILS_VERSION) | metadata_put(m, "command", "%s", p->command) |
        metadata_put(m, "seed", "%" PRIu64, p->seed) | metadata_put(m, "epochs", "%" PRIu64, p->epochs) |
        metadata_put(m, "steps", "%" PRIu64, p->steps) | metadata_put(m, "items", "%" PRIu64, p->items) |
        (p->data_xxh64 == 0 ? 0 : metadata_put(m, "data_xxh64", "%016" PRIx64, p->data_xxh64)) |
        metadata_put(m, "elbo", "%.6f", p->train.elbo);
    return failed | put_figures(m, "made.train", &p->train) | put_figures(m, "made.val", &p->validation) |
           metadata_put(m, "made.ended", "%s", p->ended) |
           metadata_put(m, "made.epochs_run", "%" PRIu64, p->epochs_run) |
           metadata_put(m, "made.active_latents", "%zu", p->active_latents);
}

/* Returns the file's list of tensors. Their data is NULL if the model is not allocated yet. End with
 * safetensors_free. */
static struct safetensors tensors_of(const struct parameters *p) {
    struct safetensors file = {0};
    safetensors_add_parameters(&file, "", p, p->value);
    return file;
}

int model_write(const struct model *model, const struct provenance *provenance, const struct output *out) {
    json_t *metadata = json_object();
    int result = 0;
    if (model_config_put(&model->config, metadata) != 0 || put_provenance(metadata, provenance, model) != 0)
        result = fail("%s: out of memory for the metadata", out->name);
    struct safetensors file = tensors_of(&model->net.parameters);
    if (result == 0)
        result = safetensors_write(out, &file, metadata);
    safetensors_free(&file);
    json_decref(metadata);
    return result;
}

static int check_tensors(const struct model *model, const json_t *tensors, const struct input *in) {
    struct safetensors file = tensors_of(&model->net.parameters);
    const int result = safetensors_check(in, tensors, &file);
    safetensors_free(&file);
    return result;
}

/* Reads the weights. Checks the tensors in the header against the model before it allocates memory for them. */
static int read_weights(struct model *model, const json_t *metadata, const json_t *tensors,
                        const struct input *in) {
    if (check_tensors(model, tensors, in) < 0 || model_reserve(model) < 0)
        return -1;
    struct safetensors file = tensors_of(&model->net.parameters);
    int result = safetensors_read_data(in, metadata, &file);
    if (result == 0)
        result = safetensors_check_finite(&file, 0, in->name);
    safetensors_free(&file);
    return result;
}

int model_read_after(struct model *model, enum model_reading reading, const json_t *metadata, const json_t *tensors,
                     const struct input *in) {
    struct model_config config;
    *model = (struct model){0};
    int result = model_config_get(&config, metadata, in->name);
    if (result == 0)
        result = model_build(model, &config, reading, in->name);
    if (result == 0)
        result = read_weights(model, metadata, tensors, in);
    if (result < 0)
        model_free(model);
    return result;
}

int model_read_values(struct model *model, const json_t *tensors, const struct input *in) {
    struct safetensors file = tensors_of(&model->net.parameters);
    int result = safetensors_place(in, tensors, &file);
    if (result == 0)
        result = safetensors_read_unchecked(in, &file);
    if (result == 0)
        result = safetensors_check_finite(&file, 0, in->name);
    safetensors_free(&file);
    return result;
}

int model_read(struct model *model, enum model_reading reading, json_t **metadata, const struct input *in) {
    json_t *tensors;
    *model = (struct model){0};
    int result = safetensors_read_header(in, &safetensors_model, metadata, &tensors);
    if (result == 0)
        result = model_read_after(model, reading, *metadata, tensors, in);
    json_decref(tensors);
    return result;
}

/* The same from a file's metadata. */
static int copy_tokens(const json_t *metadata, const char *name, char **tokens, size_t *length) {
    struct model_config config;
    if (model_config_get(&config, metadata, name) < 0)
        return -1;
    if (config.tokens == NULL)
        return fail("%s: is no model of sequences, wanted one that was trained with --tokens", name);
    *length = shape_elements(&config.item);
    *tokens = strdup(config.tokens);
    return *tokens == NULL ? fail("%s: out of memory for its tokens", name) : 0;
}

int model_load_tokens(const char *path, char **tokens, size_t *length) {
    struct input in;
    json_t *metadata, *tensors;
    *tokens = NULL;
    if (input_open(&in, path) < 0)
        return -1;
    int result = safetensors_read_header(&in, &safetensors_model, &metadata, &tensors);
    if (result == 0)
        result = copy_tokens(metadata, in.name, tokens, length);
    json_decref(metadata);
    json_decref(tensors);
    input_close(&in);
    return result;
}

/* Sets the digest. The text of the metadata is the same for a copy of the file, and for every version. */
static int set_digest(struct model *model, const json_t *metadata, const char *name) {
    char *text = json_text(metadata, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return fail("%s: out of memory for the metadata", name);
    model->digest = XXH64(text, strlen(text), 0);
    free(text);
    return 0;
}

int model_load(struct model *model, enum model_reading reading, const char *path) {
    struct input in;
    json_t *metadata;
    *model = (struct model){0};
    if (input_open(&in, path) < 0)
        return -1;
    int result = model_read(model, reading, &metadata, &in);
    if (result == 0)
        result = set_digest(model, metadata, in.name);
    json_decref(metadata);
    input_close(&in);
    return result;
}
