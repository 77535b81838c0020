/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/layers.h"
#include "model/model_config.h"

#include <stdint.h>

/* A model is a net (nn/net.h): x, what the encoder reads of it, the encoder's hidden layers, the posterior, draws
 * of z, the decoder's hidden layers, its output, and the likelihood of x. */
struct model {
    struct model_config config;
    bool may_miss;          /* elements of its items may be missing */
    size_t elements;        /* of an item */
    size_t encoder_inputs;  /* numbers that the encoder reads */
    size_t decoder_inputs;  /* numbers that the decoder reads: the latent, then the label, one-hot */
    struct segment segment; /* all elements of an item: their likelihood */
    struct net net;
    /* Layers of the net. `input` is what the encoder reads: x itself, or made of it. label: NO_LAYER if there are
     * no labels. */
    size_t x, label, input, posterior, z, output, likelihood;
    size_t pseudo_inputs, components; /* offsets of the VampPrior's [K, encoder_inputs] and [K, 2 latent] */
};

/* Whether elements may be missing even if the model was not trained on such items. */
enum model_reading { MODEL_AS_TRAINED, MODEL_MAY_MISS };

/* Builds the net, whose parameters have no values yet. 0, or -1 with a message that begins with `name`. End with
 * model_free, also after -1. */
int model_build(struct model *model, const struct model_config *config, enum model_reading reading,
                const char *name) __attribute__((warn_unused_result));

/* Allocates the parameters of a model that is built, see parameters_reserve; they are not set. 0 or -1. */
int model_reserve(struct model *model) __attribute__((warn_unused_result));

/* A model built, all of whose parameters are 0. 0 or -1. End with model_free, also after -1. */
int model_create(struct model *model, const struct model_config *config) __attribute__((warn_unused_result));

/* Row `row` of a pass's x [elements]; and sets its label, of a model that is conditional on labels. */
float *model_x(const struct model *model, const struct pass *pass, size_t row);
void model_set_label(const struct model *model, struct pass *pass, size_t row, uint32_t label);

/* Exchanges the parameters with their moving average, if there is one, and packs them. */
void model_swap_average(struct model *model);

/* "784-400-20-400-784": what the layers hand on. */
void model_describe(const struct model *model, char *text, size_t size);

/* Sets the output biases from the items' mean [elements], so that a decoder with zero weights predicts the mean
 * item. */
void model_start_at_mean(struct model *model, const double *mean);

/* One item as the likelihood sees it. */
void model_load_item(const struct model *model, enum dtype dtype, const void *item, struct noise noise, float *x);

/* 0 if the model's items have this shape, else -1; the message has `model_name` and `name`, the stream's. */
int model_check_shape(const struct model *model, const struct shape *shape, const char *model_name,
                      const char *name) __attribute__((warn_unused_result));

/* 0 if labels are given if and only if the model is conditional on labels, else -1. `path`: of the labels, NULL:
 * none; the message begins with `model_name`. */
int model_check_labels(const struct model *model, const char *path, const char *model_name)
    __attribute__((warn_unused_result));

/* model_config_check_items for a model, with elements missing if they may be. */
int model_check_items(const struct model *model, enum dtype dtype, const void *items, size_t count,
                      const char *name, uint64_t first) __attribute__((warn_unused_result));

/* True if the likelihood of this item is a cross-entropy instead of a log-likelihood; see GREY_NOTE. */
bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item);
#define GREY_NOTE                                                                                                  \
    "%s: grey values under -l bernoulli: the elbo is a cross-entropy, not a log-likelihood (vae-train --binarize " \
    "makes "                                                                                                       \
    "it one)"

void model_free(struct model *model);

#endif
