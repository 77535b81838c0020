/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include "base/error.h"
#include "op/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_sizes(const struct model *m, const char *name) {
    char shape[SHAPE_TEXT];
    if (m->elements > MODEL_MAX_ELEMENTS)
        return fail("%s: items of shape %s have %zu elements, wanted at most %d", name,
                    shape_text(&m->config.item, shape), m->elements, MODEL_MAX_ELEMENTS);
    if (m->elements > MODEL_MAX_ELEMENTS / m->segment.outputs)
        return fail("%s: items of %zu elements with %zu numbers each, wanted at most %d in all", name, m->elements,
                    m->segment.outputs, MODEL_MAX_ELEMENTS);
    return 0;
}

bool model_skips_elements(const struct model *m) {
    return m->may_miss || m->config.tokens != NULL;
}

/* Adds the layers x, the label if there are labels, and the encoder's input. */
static void add_inputs(struct model *m) {
    const struct model_config *c = &m->config;
    const bool sequence = hidden_is_recurrent(&c->encoder), picture = hidden_reads_pictures(&c->encoder);
    const struct image vector = {1, 1, m->elements}, positions = {m->elements, 1, 1},
                       item = sequence  ? positions
                              : picture ? model_item_image(&c->item)
                                        : vector;
    const struct encoder_input reads = {.segment = m->segment,
                                        .may_miss = model_skips_elements(m),
                                        .mask = c->missing,
                                        .picture = sequence || picture ? item : (struct image){0}};
    m->x = net_input_pictures(&m->net, "x", &item);
    m->label = c->classes > 0 ? net_input_layer(&m->net, "label", c->classes) : NO_LAYER;
    m->input = encoder_reads_x(&reads, m->label) ? m->x : net_encoder_input(&m->net, m->x, m->label, &reads);
}

/* Adds the pseudo-inputs, if the prior has them, to the table of parameters, and its components, which the encoder
 * computes from the pseudo-inputs. */
static void add_pseudo_inputs(struct model *m) {
    const struct model_config *c = &m->config;
    const size_t count = prior_pseudo_inputs(c->prior, c->components);
    if (count == 0)
        return;
    m->net.layer[m->input].learned = true;
    m->pseudo_inputs =
        net_add_tensor(&m->net, "prior", TENSOR_PLAIN, "pseudo_inputs", count, m->net.layer[m->input].width);
    m->components = net_add_tensor(&m->net, "prior", TENSOR_DERIVED, "components", count, 2 * c->latent);
    draw_set_components(&m->net, m->z, m->components);
}

/* Checks that the items are pictures if the encoder reads pictures. */
static int check_pictures(const struct model *m, const char *name) {
    const struct model_config *c = &m->config;
    char shape[SHAPE_TEXT];
    if (hidden_reads_pictures(&c->encoder) && (c->item.rank < 2 || c->item.rank > 3))
        return fail("%s: items of shape %s, but the encoder begins with %s, wanted pictures: HxW or HxWxC", name,
                    shape_text(&c->item, shape), c->encoder.layer[0].kind->name);
    return 0;
}

#define OUTPUT_KERNEL 3 /* of a decoder's last convolution, if the encoder begins with no convolution */

/* Adds the layer that computes the decoder's output from that of layer `in`: a convolution if that is a picture as
 * the items are, with the kernel of the encoder's first layer; else a linear layer. If the encoder begins with a
 * convolution, a picture of another size is refused. */
static size_t add_output(struct model *m, size_t in, const char *name) {
    const struct model_config *c = &m->config;
    const struct hidden_layer *first = &c->encoder.layer[0];
    const size_t kernel =
        c->encoder.layers > 0 && first->kind == &hidden_kind_conv ? first->argument[1] : OUTPUT_KERNEL;
    const struct image item = model_item_image(&c->item), vector = {1, 1, 1},
                       *last = m->net.failed ? &vector : &m->net.layer[in].image;
    const bool picture = image_positions(last) > 1;
    if (m->recurrent != NO_LAYER)
        return net_linear_positions(&m->net, name, in, m->segment.outputs);
    if (picture && last->height == item.height && last->width == item.width)
        return net_conv(&m->net, name, in, item.channels * m->segment.outputs, kernel, 1, NULL);
    if (!picture || !hidden_reads_pictures(&c->encoder))
        return net_linear_groups(&m->net, name, in, m->elements, m->segment.outputs);
    (void)fail("%s: the decoder's last hidden layer makes %zux%zu, wanted %zux%zu, as the items have (up makes "
               "pictures larger)",
               net_name(&m->net), last->height, last->width, item.height, item.width);
    m->net.failed = true;
    return 0;
}

/* Adds the decoder's hidden layers. A recurrent one is the last of them. */
static size_t add_decoder(struct model *m) {
    const struct model_config *c = &m->config;
    const bool sequence = hidden_is_recurrent(&c->decoder);
    m->previous = sequence ? net_input_layer(&m->net, "previous", m->elements) : NO_LAYER;
    const size_t last = hidden_add(&(struct hidden_place){.net = &m->net,
                                                          .name = "decoder",
                                                          .in = m->z,
                                                          .activation = c->activation,
                                                          .previous = m->previous,
                                                          .tokens = m->segment.levels},
                                   &c->decoder);
    m->recurrent = sequence ? last : NO_LAYER;
    return last;
}

size_t model_add_head(struct net *net, const struct model_config *c, size_t in) {
    const struct target *t = &c->target;
    char name[LAYER_NAME];
    size_t last = in;
    for (size_t i = 0; i <= t->layers; i++) {
        snprintf(name, sizeof name, "target.%zu", i);
        last = i < t->layers ? net_linear(net, name, last, t->units[i], c->activation)
                             : net_linear(net, name, last, 1, NULL);
    }
    return last;
}

bool model_has_head(const struct model *m) {
    return m->config.target.deviation > 0;
}

/* The head comes last, so that the other layers are those of a model without one. */
static void add_head(struct model *m) {
    m->known = m->latents = m->prediction = m->target = NO_LAYER;
    if (!model_has_head(m))
        return;
    m->known = net_input_layer(&m->net, "known", 1);
    m->latents = net_latent(&m->net, m->z, m->config.latent);
    m->prediction = model_add_head(&m->net, &m->config, m->latents);
    m->target = net_target(&m->net, m->prediction, m->known);
}

static int add_layers(struct model *m, const char *name) {
    static const char *const heads[2] = {"mu", "logvar"};
    const struct model_config *c = &m->config;
    struct net *net = &m->net;
    char output[LAYER_NAME];
    net->name = name;
    add_inputs(m);
    const struct hidden_place encoder = {
        .net = net, .name = "encoder", .in = m->input, .activation = c->activation, .previous = NO_LAYER};
    const size_t h = hidden_add(&encoder, &c->encoder);
    m->posterior = net_posterior(net, net_linear_pair(net, "mu+logvar", heads, h, c->latent), c->logvar_bound);
    m->z = net_draw(net, m->posterior, m->label, c->prior, c->components, c->latent);
    const size_t g = add_decoder(m);
    snprintf(output, sizeof output, "decoder.%zu", c->decoder.layers);
    m->output = add_output(m, g, output);
    m->likelihood = net_likelihood(net, m->output, m->x, &m->segment, 1, model_skips_elements(m));
    add_head(m);
    if (!net->failed)
        add_pseudo_inputs(m);
    return net_finish(net);
}

/* The vocabulary is the model's own. 0, or -1 if memory runs out. */
static int keep_tokens(struct model *m, const char *name) {
    if (m->config.tokens == NULL)
        return 0;
    m->config.tokens = m->tokens = strdup(m->config.tokens);
    return m->tokens == NULL ? fail("%s: out of memory for its tokens", name) : 0;
}

int model_build(struct model *m, const struct model_config *config, enum model_reading reading, const char *name) {
    *m = (struct model){.config = *config,
                        .may_miss = config->missing || reading == MODEL_MAY_MISS,
                        .elements = shape_elements(&config->item),
                        .segment = model_config_segment(config)};
    if (keep_tokens(m, name) < 0 || check_sizes(m, name) < 0 || check_pictures(m, name) < 0 ||
        model_config_check_sequences(config, name) < 0 || add_layers(m, name) < 0)
        return -1;
    m->encoder_inputs = m->net.layer[m->input].width;
    m->decoder_inputs = m->net.layer[m->z].width;
    return 0;
}

int model_reserve(struct model *model) {
    return parameters_reserve(&model->net.parameters) < 0 ? -1 : net_allocate(&model->net);
}

int model_create(struct model *model, const struct model_config *config) {
    if (model_build(model, config, MODEL_AS_TRAINED, "model") < 0 || parameters_create(&model->net.parameters) < 0)
        return -1;
    return net_allocate(&model->net);
}

float *model_x(const struct model *m, const struct pass *pass, size_t row) {
    return pass->value[m->x].out + row * m->elements;
}

void model_set_label(const struct model *m, struct pass *pass, size_t row, uint32_t label) {
    const size_t classes = m->config.classes;
    float *one_hot = pass->value[m->label].out + row * classes;
    memset(one_hot, 0, classes * sizeof *one_hot);
    one_hot[label] = 1;
}

void model_set_target(const struct model *m, struct pass *pass, size_t row, double t) {
    pass->value[m->known].out[row] = (float)((t - m->config.target.mean) / m->config.target.deviation);
}

void model_swap_average(struct model *m) {
    if (m->net.parameters.average == NULL)
        return;
    parameters_swap_average(&m->net.parameters);
    net_pack(&m->net);
}

static void describe(FILE *text, const char *before, const struct image *image) {
    char shape[IMAGE_TEXT];
    fprintf(text, "%s%s", before, image_text(image, shape));
}

/* Lists the layers [from, to) with weights; for the layer of mu and logvar it writes the width of z. */
static void describe_layers(FILE *out, const struct model *m, size_t from, size_t to, const char *before) {
    const struct image latent = {1, 1, m->config.latent};
    for (size_t i = from; i < to; i++)
        if (m->net.layer[i].own[0].decays) {
            describe(out, before, i == m->net.layer[m->posterior].in[0] ? &latent : &m->net.layer[i].image);
            before = "-";
        }
}

char *model_describe(const struct model *m) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out != NULL) {
        describe(out, "", &m->net.layer[m->x].image);
        describe_layers(out, m, 0, m->likelihood, "-");
        if (model_has_head(m)) {
            describe_layers(out, m, m->latents, m->target, " (target ");
            fprintf(out, ")");
        }
    }
    bool whole = out != NULL && !ferror(out);
    if (out != NULL && fclose(out) != 0)
        whole = false;
    if (whole && text != NULL) /* out of memory, text may be NULL without an error */
        return text;
    free(text);
    (void)fail("model: out of memory for the description of its layers");
    return NULL;
}

void model_start_at_mean(struct model *model, const double *mean) {
    const struct layer *output = &model->net.layer[model->output];
    const size_t outputs = model->segment.outputs, biases = output->own_units / outputs,
                 each = model->elements / biases; /* elements that have the same bias */
    float *bias = model->net.parameters.value + output->own[1].offset;
    for (size_t i = 0; i < biases; i++) {
        double sum = 0;
        for (size_t j = 0; j < each; j++)
            sum += mean[j * biases + i];
        bias[i * outputs] = (float)model->config.likelihood->start(sum / (double)each);
    }
}

void model_load_item(const struct model *m, enum dtype dtype, const void *item, struct noise noise, float *x) {
    const bool kept = m->keeps_grey && m->config.binarize == BINARIZE_SAMPLE;
    item_to_float(m->config.likelihood, kept ? BINARIZE_NONE : m->config.binarize, dtype, item, m->elements, noise,
                  x);
    bool ended = false;
    for (size_t i = 0; m->config.tokens != NULL && i < m->elements; i++) {
        const bool ends = x[i] == 0;
        x[i] = ended ? NAN : x[i];
        ended = ended || ends;
    }
}

void model_set_previous(const struct model *m, struct pass *pass, size_t row) {
    const float *x = model_x(m, pass, row);
    if (m->previous == NO_LAYER)
        return;
    float *previous = pass->value[m->previous].out + row * m->elements;
    *previous = 0;
    memcpy(previous + 1, x, (m->elements - 1) * sizeof *x);
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

int model_check_targets(const struct model *model, const char *path, const char *model_name) {
    return path == NULL || model_has_head(model)
               ? 0
               : fail("%s: predicts no target, wanted no --target, or a model that vae-train --target has trained",
                      model_name);
}

int model_check_items(const struct model *model, enum dtype dtype, const void *items, size_t count,
                      const char *name, uint64_t first) {
    struct model_config accepts = model->config;
    accepts.missing = model->may_miss;
    return model_config_check_items(&accepts, dtype, items, count, name, first);
}

bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item) {
    const struct model_config *c = &model->config;
    return c->likelihood->binary && c->binarize == BINARIZE_NONE && item_is_grey(dtype, item, model->elements);
}

void model_free(struct model *model) {
    net_free(&model->net);
    free(model->tokens);
    model->tokens = NULL;
}
