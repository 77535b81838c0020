/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/layers.h"
#include "model/model_config.h"

#include <stdint.h>

/* A model is a net (nn/net.h) with these layers: x, the encoder's input, the encoder's hidden layers, the
 * posterior, the draws of z, the decoder's hidden layers, the decoder's output, and the likelihood of x; then, if
 * it predicts a target, the head: its input, its hidden layers, its output, and the likelihood of the target. */
struct model {
    struct model_config config;
    bool may_miss;          /* elements of items may be missing */
    char *tokens;           /* the config's vocabulary; owned; NULL: none */
    bool keeps_grey;        /* BINARIZE_SAMPLE leaves items as they are: each element is the mean of its draws */
    uint64_t digest;        /* set by model_load: the XXH64 of the file's metadata, which has that of its weights */
    size_t elements;        /* elements of an item */
    size_t encoder_inputs;  /* width of the encoder's input */
    size_t decoder_inputs;  /* width of the decoder's input: the latent, then the label, one-hot */
    struct segment segment; /* the likelihood of all elements of an item */
    struct net net;
    /* Indices of the net's layers. `input` is the encoder's input, which may be x itself. label: NO_LAYER if there
     * are no labels. */
    size_t x, label, input, posterior, z, output, likelihood;
    /* Of a decoder that goes through a sequence: the layer with the token before each position, and the recurrent
     * layer; else NO_LAYER. */
    size_t previous, recurrent;
    /* Of a head: the input layer of known targets, the latents that it reads, its output, and the likelihood of the
     * target; else NO_LAYER. */
    size_t known, latents, prediction, target;
    /* Of a VampPrior, the offsets of its pseudo-inputs [K, encoder_inputs] and of its components [K, 2 latent] in
     * the table of parameters. */
    size_t pseudo_inputs, components;
};

/* MODEL_MAY_MISS: elements may be missing even if the model was not trained on such items. */
enum model_reading { MODEL_AS_TRAINED, MODEL_MAY_MISS };

/* Builds the net without allocating values for its parameters. 0, or -1 with a message that begins with `name`. End
 * with model_free in both cases. */
int model_build(struct model *model, const struct model_config *config, enum model_reading reading,
                const char *name) __attribute__((warn_unused_result));

/* Allocates the parameters after model_build, without setting them (see parameters_reserve). 0 or -1. */
int model_reserve(struct model *model) __attribute__((warn_unused_result));

/* Builds a model and sets all its parameters to 0. 0 or -1; end with model_free in both cases. */
int model_create(struct model *model, const struct model_config *config) __attribute__((warn_unused_result));

/* model_x returns row `row` of x [elements], which the pass owns. model_set_label sets the label of the row,
 * one-hot; the model must be conditional on labels. */
float *model_x(const struct model *model, const struct pass *pass, size_t row);
void model_set_label(const struct model *model, struct pass *pass, size_t row, uint32_t label);

/* Returns whether the model predicts a target. */
bool model_has_head(const struct model *model);

/* Adds the layers of the head, which read the latents `in`, to a net. Returns the index of its output. */
size_t model_add_head(struct net *net, const struct model_config *config, size_t in);

/* Sets the known target of the row to t, NaN if it is not known; the model must have a head. */
void model_set_target(const struct model *model, struct pass *pass, size_t row, double t);

/* Exchanges the parameters with their moving average, if there is one, and packs the net. */
void model_swap_average(struct model *model);

/* Returns the sizes of the layers with weights as a text, such as "784-400-20-400-784", or "14x14x32" of a layer of
 * pictures, followed by those of the head, such as " (target 64-1)", which the caller frees; NULL with a message if
 * memory runs out. */
char *model_describe(const struct model *model);

/* Sets the output biases from the items' mean [elements], so that a decoder with zero weights predicts the mean
 * item. */
void model_start_at_mean(struct model *model, const double *mean);

/* Converts an item to x [elements], and binarizes it if the config says so; see item_to_float. What follows the end
 * of a sequence becomes NaN, so that it has no part in the likelihood. */
void model_load_item(const struct model *model, enum dtype dtype, const void *item, struct noise noise, float *x);

/* Returns whether an item may have elements that have no part in its likelihood: missing ones, or those after the
 * end of a sequence. */
bool model_skips_elements(const struct model *model);

/* Sets the tokens before each position from x, for a decoder that goes through a sequence: 0 before the first one.
 * A model with another decoder has none. */
void model_set_previous(const struct model *model, struct pass *pass, size_t row);

/* Checks that the items of the stream `name` have the shape of the model's items. 0, or -1 with a message that
 * begins with `name` and names the model `model_name`. */
int model_check_shape(const struct model *model, const struct shape *shape, const char *model_name,
                      const char *name) __attribute__((warn_unused_result));

/* Checks that labels are given if and only if the model is conditional on labels. `path`: the labels' stream, NULL
 * if none are given. 0, or -1 with a message that begins with `model_name`. */
int model_check_labels(const struct model *model, const char *path, const char *model_name)
    __attribute__((warn_unused_result));

/* Checks that the model has a head if targets are given. `path`: their stream, NULL if none are given. 0, or -1
 * with a message that begins with `model_name`. */
int model_check_targets(const struct model *model, const char *path, const char *model_name)
    __attribute__((warn_unused_result));

/* Like model_config_check_items; NaN is accepted if model->may_miss. */
int model_check_items(const struct model *model, enum dtype dtype, const void *items, size_t count,
                      const char *name, uint64_t first) __attribute__((warn_unused_result));

/* Returns whether the likelihood of this item is a cross-entropy instead of a log-likelihood; see GREY_NOTE. */
bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item);
#define GREY_NOTE                                                                                                  \
    "%s: grey values under -l bernoulli: the elbo is a cross-entropy, not a log-likelihood (vae-train --binarize " \
    "makes "                                                                                                       \
    "it one)"

void model_free(struct model *model);

#endif
