/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_CONFIG_H
#define MODEL_MODEL_CONFIG_H

#include "base/io.h"
#include "dist/prior.h"
#include "dist/segment.h"
#include "model/item_input.h"
#include "model/target.h"
#include "op/hidden.h"
#include "stream/shape.h"

#include <jansson.h>

#define MODEL_DEFAULT_LATENT 20      /* default size of a latent, in vae-train and vae-sample */
#define MODEL_MAX_LATENT 65536       /* greatest size of a latent */
#define MODEL_MAX_ELEMENTS (1 << 24) /* most elements of an item, and most outputs of the decoder per item */

/* The configuration of a model: all that is needed to use it, except its parameters. */
struct model_config {
    struct shape item;
    size_t latent;
    struct hidden encoder, decoder; /* hidden layers, each list from its input to its output */
    const struct activation *activation;
    const struct likelihood *likelihood;
    enum scale scale; /* where the scale comes from; read only if the likelihood has one */
    double sigma;     /* the fixed scale, or the initial value of a learned one */
    size_t levels;    /* number of levels; read only if the likelihood has levels */
    size_t classes;   /* number of classes of the labels; 0: the model is not conditional on labels */
    enum binarize binarize;
    double logvar_bound; /* the encoder's logvar is clamped to +-this, see dist/latent.h */
    const struct prior *prior;
    size_t components; /* K of a prior with components; else 0 */
    bool missing;      /* an element that is NaN is missing; without this NaN is an error */
    /* The vocabulary, one token per line, if items are sequences of tokens, which end with token 0; then levels is
     * one more than the number of tokens. NULL: they are not. Not owned. */
    const char *tokens;
    struct target target; /* with deviation 0 there is none */
};

/* Checks that `count` items are in the support of the likelihood. `first` is the number of the first one in the
 * stream `name`. 0, or -1 with a message that has the item's number and the element. */
int model_config_check_items(const struct model_config *config, enum dtype dtype, const void *items, size_t count,
                             const char *name, uint64_t first) __attribute__((warn_unused_result));

/* All elements of an item: their likelihood, laid out. */
struct segment model_config_segment(const struct model_config *config);

/* Checks that the lists of hidden layers and the items fit each other: sequences are of tokens, and have one
 * dimension. 0, or -1 with a message that begins with `name`. */
int model_config_check_sequences(const struct model_config *config, const char *name)
    __attribute__((warn_unused_result));

/* Returns the number of tokens of a vocabulary's text, which are lines. */
size_t model_config_tokens(const char *tokens);

/* Returns the shape of an item as a picture: that of HxW or HxWxC elements. Items of other shapes are vectors. */
struct image model_item_image(const struct shape *item);

/* Adds the config to the metadata of a model file as strings, see vae-model(5). 0, or another value if memory runs
 * out. */
int model_config_put(const struct model_config *config, json_t *metadata) __attribute__((warn_unused_result));

/* Adds one string, formatted as by printf. 0, or another value if memory runs out. */
int metadata_put(json_t *metadata, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* Reads the config from the metadata of the file `name`. Refuses a key that is missing, unknown or has an invalid
 * value. 0 or -1. */
int model_config_get(struct model_config *config, const json_t *metadata, const char *name)
    __attribute__((warn_unused_result));

#endif
