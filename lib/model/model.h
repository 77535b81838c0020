/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "dist/prior.h"
#include "dist/segment.h"
#include "model/model_config.h"
#include "nn/initializer.h"
#include "nn/linear.h"
#include "nn/parameters.h"

#include <stdint.h>

/* A model is a sequence of linear layers: the encoder's hidden ones, the heads (mu and logvar side by side, as one
 * layer of 2 latent units), the decoder's hidden ones, and the output. z is drawn after the heads. The activation
 * follows every layer except the heads and the last one. */
struct model {
    struct model_config config;
    size_t elements;        /* of an item */
    size_t item_inputs;     /* numbers that the encoder reads of an item */
    size_t mask;            /* numbers that tell which elements are observed, if some may be missing; else 0 */
    size_t encoder_inputs;  /* in all: item_inputs, mask and the label, one-hot, in this order */
    size_t decoder_inputs;  /* numbers that the decoder reads: the latent, then the label, one-hot */
    struct segment segment; /* all elements of an item: their likelihood */
    size_t scales;          /* number of the likelihood's scales that are parameters */
    size_t scale;           /* offset of them in the table of parameters */
    size_t pseudo_inputs;   /* offset of a prior's pseudo-inputs [components, encoder_inputs] */
    size_t components;      /* offset of what the encoder makes of them [components, 2 latent]: mu and logvar */
    struct prior_state prior;
    size_t layers, heads, last;
    struct linear layer[2 * MODEL_MAX_HIDDEN + 2];
    struct parameters parameters;
    float *panels[DIRECTIONS]; /* memory of all the layers' panels, see nn/linear.h; NULL: none */
};

/* Whether the activation follows a layer; and the number of values that the layer passes to the next one. */
bool model_is_hidden(const struct model *model, size_t layer);
size_t model_units(const struct model *model, size_t layer);

/* Sets the layers and the table of their parameters. 0, or -1 with a message that begins with `name`. */
int model_lay_out(struct model *model, const struct model_config *config, const char *name)
    __attribute__((warn_unused_result));

/* Allocates the weights of a model that is laid out, see parameters_reserve; they are not set. 0 or -1. End with
 * model_free. */
int model_reserve(struct model *model) __attribute__((warn_unused_result));

/* Sets the prior's components from the parameters. */
void model_refresh_prior(struct model *model);

/* Writes the weights to their panels, if there are any. To be called before the first pass and after each change of
 * the weights: item_map_run, evaluator_start and model_train call it, and an update packs the weights that it has
 * changed. */
void model_pack(const struct model *model);

/* Exchanges the weights with their moving average, if there is one, and packs them. */
void model_swap_average(struct model *model);

/* Allocates the arrays that only training needs: those of parameters_train, and panels for the backward pass. Packs
 * the weights. 0 or -1. */
int model_train(struct model *model) __attribute__((warn_unused_result));

/* A model laid out, all of whose weights are 0. 0 or -1. End with model_free. */
int model_create(struct model *model, const struct model_config *config) __attribute__((warn_unused_result));

/* Gives all layers their first values; learned scales begin at the config's sigma. */
void model_initialise(struct model *model, const struct initializer *initializer, uint64_t seed);

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

/* 0 if the item is in the support of the model's likelihood, else -1; the message names the element. */
int model_check_item(const struct model *model, enum dtype dtype, const void *item, const char *name,
                     uint64_t number) __attribute__((warn_unused_result));

/* True if the likelihood of this item is a cross-entropy instead of a log-likelihood; see GREY_NOTE. */
bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item);
#define GREY_NOTE                                                                                                  \
    "%s: grey values under -l bernoulli: the elbo is a cross-entropy, not a log-likelihood (vae-train --binarize " \
    "makes "                                                                                                       \
    "it one)"

void model_free(struct model *model);

#endif
