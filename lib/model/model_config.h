/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_CONFIG_H
#define MODEL_MODEL_CONFIG_H

#include "base/io.h"
#include "dist/prior.h"
#include "dist/segment.h"
#include "model/item_input.h"
#include "nn/hidden.h"
#include "stream/shape.h"

#include <jansson.h>

#define MODEL_DEFAULT_LATENT 20      /* of vae-train, and so of vae-sample */
#define MODEL_MAX_LATENT 65536       /* numbers of a latent vector */
#define MODEL_MAX_ELEMENTS (1 << 24) /* of an item, and numbers for all of them from the decoder */

/* All that must be known to use a model. */
struct model_config {
    struct shape item;
    size_t latent;
    struct hidden encoder, decoder; /* each from its input to its output */
    const struct activation *activation;
    const struct likelihood *likelihood;
    enum scale scale; /* of a likelihood that has one: where it comes from */
    double sigma;     /* the number given, or where one that is learned begins */
    size_t levels;    /* of a likelihood that has them */
    size_t classes;   /* of the labels that encoder and decoder are given; 0: they are given none */
    enum binarize binarize;
    const struct prior *prior;
    size_t components; /* of a prior that has them */
    bool missing;      /* elements that are NaN are missing, rather than wrong */
};

/* 0 if `count` items, the first of which has number `first`, are in the support of the config's likelihood, else
 * -1; the message names the item and the element. */
int model_config_check_items(const struct model_config *config, enum dtype dtype, const void *items, size_t count,
                             const char *name, uint64_t first) __attribute__((warn_unused_result));

/* All elements of an item: their likelihood, laid out. */
struct segment model_config_segment(const struct model_config *config);

/* The config as strings of a model file's metadata, vae-model(5). 0, or not 0 if memory ran out. */
int model_config_put(const struct model_config *config, json_t *metadata) __attribute__((warn_unused_result));

/* Adds one string. */
int metadata_put(json_t *metadata, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* The other way round, strictly: a key that is missing, unknown or has no sense is refused. `name` is the
 * file's. 0 or -1. */
int model_config_get(struct model_config *config, const json_t *metadata, const char *name)
    __attribute__((warn_unused_result));

#endif
