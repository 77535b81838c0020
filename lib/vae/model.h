#ifndef VAE_MODEL_H
#define VAE_MODEL_H

#include "nn/initializer.h"
#include "nn/linear.h"
#include "nn/parameters.h"
#include "vae/mixture.h"
#include "vae/model_config.h"

#include <stdint.h>

/* A model is a row of linear layers: the encoder's hidden ones, the heads (mu and logvar side by side, as one
 * layer of 2 latent units), the decoder's hidden ones, and the output. Behind the heads z is drawn; every layer
 * but the heads and the last has the activation behind it. */
struct model {
    struct model_config config;
    size_t elements; /* of an item */
    size_t seen;     /* numbers that the encoder sees of an item */
    size_t mask;     /* and that say which of its elements are observed, where some may be missing; else 0 */
    size_t inputs;   /* of the encoder: both, and behind them one-hot the label */
    size_t code;     /* numbers that the decoder takes in: the latent, and behind it one-hot the label */
    size_t outputs;  /* of the decoder for each element, side by side */
    size_t scales;   /* numbers of the likelihood's scale that are parameters, and their place */
    size_t scale;
    size_t pseudo_inputs, prior; /* places of the VampPrior's [components, inputs] and [components, 2 latent] */
    struct mixture mixture;      /* the prior, where there are components; else it is N(0, I) */
    size_t layers, heads, last;
    struct linear layer[2 * MODEL_MAX_HIDDEN + 2];
    struct parameters parameters;
    float *panels[DIRECTIONS]; /* memory of all the layers' panels, see nn/linear.h; NULL: none */
};

/* Whether the activation stands behind a layer, and how many numbers the layer so hands on. */
bool model_is_hidden(const struct model *model, size_t layer);
size_t model_units(const struct model *model, size_t layer);

/* Lays out the layers and the table of their parameters. 0, or -1 with a message opened by `name`. */
int model_lay_out(struct model *model, const struct model_config *config, const char *name)
    __attribute__((warn_unused_result));

/* Allocates the weights of a model that is laid out, still to be written: see parameters_reserve. 0 or -1. End with
 * model_free. */
int model_reserve(struct model *model) __attribute__((warn_unused_result));

/* Has the prior's components be those of the parameters. */
void model_take_prior(struct model *model);

/* Writes the weights to their panels, if there are any. To be called before the first pass and after each change of
 * the weights: map_run, evaluator_start and model_train call it, and an update packs the weights that it has
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

/* Has the output layer's biases say the items' mean, from mean [elements]: what a decoder without weights should
 * say. */
void model_start_at_mean(struct model *model, const double *mean);

/* One item as the likelihood sees it. */
void model_take_item(const struct model *model, enum dtype dtype, const void *item, struct noise noise, float *x);

/* 0 where items of this shape are what the model takes, else -1; `model_name` and `name` open the message. */
int model_check_shape(const struct model *model, const struct shape *shape, const char *model_name,
                      const char *name) __attribute__((warn_unused_result));

/* 0 where a model that is conditional on labels is given some, and another none, else -1. `path` is of the labels,
 * NULL: none; `model_name` opens the message. */
int model_check_labels(const struct model *model, const char *path, const char *model_name)
    __attribute__((warn_unused_result));

/* 0 where the model's likelihood can hold the item, else -1, naming the element. */
int model_check_item(const struct model *model, enum dtype dtype, const void *item, const char *name,
                     uint64_t number) __attribute__((warn_unused_result));

/* True where the item makes the likelihood's figure a cross-entropy instead of a log-likelihood; GREY_NOTE says so.
 */
bool model_finds_grey(const struct model *model, enum dtype dtype, const void *item);
#define GREY_NOTE                                                                                                  \
    "%s: grey values under -l bernoulli: the elbo is a cross-entropy, not a log-likelihood (vae-train --binarize " \
    "makes "                                                                                                       \
    "it one)"

void model_free(struct model *model);

#endif
