/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void name_tensor(char name[TENSOR_NAME], const char *room, size_t index, const char *what) {
    snprintf(name, TENSOR_NAME, "%s.%zu.%s", room, index, what);
}

bool model_is_hidden(const struct model *m, size_t layer) {
    return layer != m->heads && layer != m->last;
}

size_t model_units(const struct model *m, size_t layer) {
    return model_is_hidden(m, layer) ? m->layer[layer].out / m->layer[layer].group : m->layer[layer].out;
}

/* A layer of `units` outputs, `group` numbers each. */
static void add_layer(struct model *m, const char *room, size_t index, size_t in, size_t units, size_t group) {
    const size_t out = units * group;
    char weight[TENSOR_NAME], bias[TENSOR_NAME];
    name_tensor(weight, room, index, "weight");
    name_tensor(bias, room, index, "bias");
    struct linear *layer = &m->layer[m->layers++];
    *layer = (struct linear){.in = in, .out = out, .group = group};
    layer->weight = parameters_add(&m->parameters, TENSOR_MATRIX, weight, out, in);
    layer->bias = parameters_add(&m->parameters, TENSOR_PLAIN, bias, out, 0);
}

/* How many numbers the last of them hands on. */
static size_t add_hidden(struct model *m, const char *room, size_t in, const struct hidden *hidden) {
    for (size_t i = 0; i < hidden->layers; i++) {
        add_layer(m, room, i, in, hidden->units[i], m->config.activation->group);
        in = hidden->units[i];
    }
    return in;
}

/* Two tensors each for weight and bias, but neighbours: together they are one layer of 2 latent units. */
static void add_heads(struct model *m, size_t in, size_t latent) {
    m->heads = m->layers;
    struct linear *layer = &m->layer[m->layers++];
    *layer = (struct linear){.in = in, .out = 2 * latent, .group = 1};
    layer->weight = parameters_add(&m->parameters, TENSOR_MATRIX, "mu.weight", latent, in);
    parameters_add(&m->parameters, TENSOR_MATRIX, "logvar.weight", latent, in);
    layer->bias = parameters_add(&m->parameters, TENSOR_PLAIN, "mu.bias", latent, 0);
    parameters_add(&m->parameters, TENSOR_PLAIN, "logvar.bias", latent, 0);
}

/* Numbers that the layers take in and give at both ends; the likelihood's own parameters. */
static void size_ends(struct model *m) {
    const struct model_config *c = &m->config;
    m->segment = (struct segment){.likelihood = c->likelihood,
                                  .scale = c->scale,
                                  .sigma = c->sigma,
                                  .levels = c->levels,
                                  .elements = m->elements};
    segment_lay_out(&m->segment);
    m->item_inputs = m->elements * segment_inputs(&m->segment);
    m->mask = c->missing ? m->elements : 0;
    m->encoder_inputs = m->item_inputs + m->mask + c->classes;
    m->decoder_inputs = c->latent + c->classes;
    m->scales = segment_scales(&m->segment);
}

int model_lay_out(struct model *model, const struct model_config *config, const char *name) {
    char shape[SHAPE_TEXT];
    *model = (struct model){.config = *config, .elements = shape_elements(&config->item)};
    if (model->elements > MODEL_MAX_ELEMENTS)
        return fail("%s: items of shape %s have %zu elements, wanted at most %d", name,
                    shape_text(&config->item, shape), model->elements, MODEL_MAX_ELEMENTS);
    size_ends(model);
    if (model->elements > MODEL_MAX_ELEMENTS / model->segment.outputs)
        return fail("%s: items of %zu elements with %zu numbers each, wanted at most %d in all", name,
                    model->elements, model->segment.outputs, MODEL_MAX_ELEMENTS);
    const size_t in = add_hidden(model, "encoder", model->encoder_inputs, &config->encoder);
    add_heads(model, in, config->latent);
    const size_t last = add_hidden(model, "decoder", model->decoder_inputs, &config->decoder);
    model->last = model->layers;
    add_layer(model, "decoder", config->decoder.layers, last, model->elements, model->segment.outputs);
    if (model->scales > 0)
        model->scale = parameters_add(&model->parameters, TENSOR_PLAIN, "likelihood.log_scale", model->scales, 0);
    if (config->prior->pseudo_inputs) {
        model->pseudo_inputs = parameters_add(&model->parameters, TENSOR_PLAIN, "prior.pseudo_inputs",
                                              config->components, model->encoder_inputs);
        model->components = parameters_add(&model->parameters, TENSOR_DERIVED, "prior.components",
                                           config->components, 2 * config->latent);
    }
    return parameters_check(&model->parameters, name);
}

/* The first layer whose weights a pass in this direction reads: there is a gradient with respect to the encoder's
 * input only if it is learned, as pseudo-inputs are. */
static size_t first_layer(const struct model *m, enum direction direction) {
    return direction == DIRECTION_FORWARD || m->config.prior->pseudo_inputs ? 0 : 1;
}

/* Allocates the panels of all layers that need them in one array, if the backend reads panels. 0 or -1. */
static int allocate_panels(struct model *m, enum direction direction) {
    size_t begin[2 * MODEL_MAX_HIDDEN + 2], all = 0;
    const size_t first = first_layer(m, direction);
    if (!products()->packed)
        return 0;
    for (size_t i = first; i < m->layers; i++) {
        begin[i] = all;
        all += linear_panels_size(&m->layer[i], direction);
    }
    float *panels = m->panels[direction] = memory_allocate(all * sizeof *panels);
    if (panels == NULL)
        return fail("model: out of memory for the panels of its weights (%zu bytes)", all * sizeof *panels);
    for (size_t i = first; i < m->layers; i++)
        m->layer[i].panels[direction] = panels + begin[i];
    return 0;
}

/* Allocates the arrays that are derived from the parameters. 0 or -1. */
static int create_derived(struct model *model) {
    const struct model_config *c = &model->config;
    if (allocate_panels(model, DIRECTION_FORWARD) < 0)
        return -1;
    return prior_create(&model->prior, c->prior, c->components, c->latent);
}

int model_reserve(struct model *model) {
    return parameters_reserve(&model->parameters) < 0 ? -1 : create_derived(model);
}

void model_refresh_prior(struct model *model) {
    if (model->config.prior->pseudo_inputs)
        model->prior.mixture.heads = model->parameters.value + model->components;
    prior_refresh(&model->prior, 0, model->config.components);
}

void model_pack(const struct model *m) {
    for (size_t i = 0; i < m->layers; i++)
        linear_pack(&m->layer[i], m->parameters.value, &(struct tile){0, m->layer[i].out, 0, m->layer[i].in});
}

void model_swap_average(struct model *m) {
    if (m->parameters.average == NULL)
        return;
    parameters_swap_average(&m->parameters);
    model_pack(m);
}

int model_train(struct model *m) {
    if (parameters_train(&m->parameters) < 0)
        return -1;
    if (m->panels[DIRECTION_BACKWARD] == NULL && allocate_panels(m, DIRECTION_BACKWARD) < 0)
        return -1;
    model_pack(m);
    return 0;
}

int model_create(struct model *model, const struct model_config *config) {
    if (model_lay_out(model, config, "model") < 0 || parameters_create(&model->parameters) < 0)
        return -1;
    return create_derived(model);
}

void model_initialise(struct model *model, const struct initializer *initializer, uint64_t seed) {
    for (size_t i = 0; i < model->layers; i++) {
        const struct linear *layer = &model->layer[i];
        /* The heads are two layers in one. */
        const size_t out = i == model->heads ? layer->out / 2 : model_units(model, i);
        initializer_run(initializer, layer, out, seed, i, model->parameters.value);
    }
    for (size_t i = 0; i < model->scales; i++)
        model->parameters.value[model->scale + i] = segment_initial_log_scale(&model->segment);
}

void model_start_at_mean(struct model *model, const double *mean) {
    float *bias = model->parameters.value + model->layer[model->last].bias;
    for (size_t i = 0; i < model->elements; i++)
        bias[i * model->segment.outputs] = (float)model->config.likelihood->start(mean[i]);
}

void model_load_item(const struct model *m, enum dtype dtype, const void *item, struct noise noise, float *x) {
    item_to_float(m->config.likelihood, m->config.binarize, dtype, item, m->elements, noise, x);
}

int model_check_shape(const struct model *model, const struct shape *shape, const char *model_name,
                      const char *name) {
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (!shape_equal(shape, &model->config.item))
        return fail("%s: items have shape %s, %s wants %s", name, shape_text(shape, found), model_name,
                    shape_text(&model->config.item, wanted));
    return 0;
}

int model_check_labels(const struct model *model, const char *path, const char *model_name) {
    const size_t classes = model->config.classes;
    if (classes > 0 && path == NULL)
        return fail("%s: is conditional on labels, wanted --cond with one from 0 to %zu for each item", model_name,
                    classes - 1);
    if (classes == 0 && path != NULL)
        return fail("%s: is not conditional on labels, wanted no --cond", model_name);
    return 0;
}

int model_check_item(const struct model *model, enum dtype dtype, const void *item, const char *name,
                     uint64_t number) {
    const struct model_config *c = &model->config;
    return item_check(c->likelihood, c->levels, c->binarize, c->missing, dtype, item, model->elements, name,
                      number);
}

bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item) {
    const struct model_config *c = &model->config;
    return c->likelihood->binary && c->binarize == BINARIZE_NONE && item_is_grey(dtype, item, model->elements);
}

void model_free(struct model *model) {
    prior_free(&model->prior);
    parameters_free(&model->parameters);
    for (enum direction i = DIRECTION_FORWARD; i < DIRECTIONS; i++) {
        free(model->panels[i]);
        model->panels[i] = NULL;
    }
}
