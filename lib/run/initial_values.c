/* SPDX-License-Identifier: MIT */
#include "run/initial_values.h"

#include "base/error.h"
#include "model/model_file.h"
#include "nn/safetensors.h"
#include "run/identity.h"
#include "train/distinct.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define ITEMS_NOISE 1000 /* first number of the noise of pseudo-inputs; layers have smaller numbers */

static int start_at_mean(struct model *m, const struct dataset *data) {
    double *mean = malloc(data->elements * sizeof *mean);
    const int result = mean == NULL ? fail("%s: out of memory for its mean", data->name)
                                    : items_mean(m->config.likelihood, m->config.binarize, data, mean);
    if (result == 0)
        model_start_at_mean(m, mean);
    free(mean);
    return result;
}

/* Sets the pseudo-inputs to the encoder's inputs of the chosen items [components]. 0 or -1. */
static int set_pseudo_inputs(struct model *m, const struct dataset *data, const uint32_t *label, uint64_t seed,
                             const size_t *chosen) {
    struct pass pass;
    if (pass_create(&pass, &m->net, 0, m->input + 1, &(struct pass_size){.items = 1, .draws = 1}) < 0)
        return -1;
    for (size_t k = 0; k < m->config.components; k++) {
        const size_t item = chosen[k];
        const struct noise noise = {.seed = seed, .purpose = PURPOSE_INITIAL, .item = ITEMS_NOISE + k};
        model_load_item(m, data->dtype, dataset_item(data, item), noise, model_x(m, &pass, 0));
        if (label != NULL)
            model_set_label(m, &pass, 0, label[item]);
        pass_forward(&pass, 0, m->input + 1, 0, 1);
        memcpy(m->net.parameters.value + m->pseudo_inputs + k * m->encoder_inputs, pass.value[m->input].out,
               m->encoder_inputs * sizeof *m->net.parameters.value);
    }
    pass_free(&pass);
    return 0;
}

/* Sets the pseudo-inputs, if the prior has any, and *different, the number of different items among theirs. 0 or
 * -1. */
static int start_prior(struct model *m, const struct dataset *data, const uint32_t *label, uint64_t seed,
                       size_t *different) {
    if (!m->config.prior->pseudo_inputs)
        return 0;
    size_t *chosen = calloc(m->config.components, sizeof *chosen);
    if (chosen == NULL)
        return fail("%s: out of memory for %zu items", data->name, m->config.components);
    *different = distinct_items(data, m->config.components, chosen);
    const int result = *different == 0 ? -1 : set_pseudo_inputs(m, data, label, seed, chosen);
    free(chosen);
    return result;
}

/* Keys of the config that may differ. */
static const char *const may_differ[] = {"binarize", "logvar_bound", "version", "target_mean", "target_deviation"};

static bool is_other(const char *key) {
    (void)key;
    return false;
}

static int check_alike(const struct model_config *found, const struct model_config *wanted, const char *name) {
    static const struct option_value no_options = {.name = NULL};
    json_t *there = json_object(), *here = json_object();
    int result = model_config_put(found, there) | model_config_put(wanted, here);
    if (result != 0)
        result = fail("%s: out of memory for the metadata", name);
    for (size_t i = 0; i < sizeof may_differ / sizeof *may_differ; i++) {
        json_object_del(here, may_differ[i]);
        json_object_del(there, may_differ[i]);
    }
    if (result == 0)
        result = identity_check(here, there, &no_options, is_other, name);
    json_decref(here);
    json_decref(there);
    return result;
}

/* The head goes on to predict in the units of the model that it comes from. They are part of the digest. */
static void keep_units(struct model *m, const struct target *from, uint64_t *xxh64) {
    const double units[] = {from->mean, from->deviation};
    if (!model_has_head(m))
        return;
    m->config.target.mean = from->mean;
    m->config.target.deviation = from->deviation;
    *xxh64 = XXH64(units, sizeof units, *xxh64);
}

static void copy_values(const struct model *from, struct model *m) {
    const struct parameters *p = &from->net.parameters;
    memcpy(m->net.parameters.value, p->value, p->size * sizeof *p->value);
}

static uint64_t digest_values(const struct model *m) {
    const struct parameters *p = &m->net.parameters;
    return XXH64(p->value, p->size * sizeof *p->value, 0);
}

/* Reads the rest of a model file, whose metadata must say the same as this run's config. */
static int start_from_model(struct model *m, const json_t *metadata, const json_t *tensors, const struct input *in,
                            uint64_t *xxh64) {
    struct model from;
    if (model_read_after(&from, MODEL_AS_TRAINED, metadata, tensors, in) < 0)
        return -1;
    const int result = check_alike(&from.config, &m->config, in->name);
    if (result == 0) {
        copy_values(&from, m);
        *xxh64 = digest_values(m);
        keep_units(m, &from.config.target, xxh64);
    }
    model_free(&from);
    return result;
}

/* Reads the rest of a file of another program, which says nothing about the model but its tensors. */
static int start_from_tensors(struct model *m, const json_t *tensors, const struct input *in, uint64_t *xxh64) {
    if (model_read_values(m, tensors, in) < 0)
        return -1;
    *xxh64 = digest_values(m);
    return 0;
}

static bool is_model(const json_t *metadata) {
    const char *format = json_string_value(json_object_get(metadata, "format"));
    return format != NULL && strcmp(format, safetensors_model.format) == 0;
}

static int start_from(struct model *m, const char *path, uint64_t *xxh64) {
    struct input in;
    json_t *metadata, *tensors;
    if (input_open(&in, path) < 0)
        return -1;
    int result = safetensors_read_header(&in, &safetensors_start, &metadata, &tensors);
    if (result == 0)
        result = is_model(metadata) ? start_from_model(m, metadata, tensors, &in, xxh64)
                                    : start_from_tensors(m, tensors, &in, xxh64);
    json_decref(metadata);
    json_decref(tensors);
    input_close(&in);
    return result;
}

int initial_values_set(const struct initial_values *start, struct model *model, const struct dataset *data,
                       const uint32_t *label, uint64_t seed, struct initial_facts *facts) {
    *facts = (struct initial_facts){0};
    if (start->from != NULL)
        return start_from(model, start->from, &facts->from_xxh64);
    net_initialise(&model->net, &start->initializer, seed);
    if (data->data == NULL)
        return 0;
    if (start->at_mean && start_at_mean(model, data) < 0)
        return -1;
    return start_prior(model, data, label, seed, &facts->different_items);
}
