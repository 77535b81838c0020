/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_FILE_H
#define MODEL_MODEL_FILE_H

#include "base/io.h"
#include "model/elbo.h"
#include "model/model.h"

/* The model file, vae-model(5): a safetensors file. Its metadata holds the model's config, how the model was made,
 * and a checksum. Its bytes depend neither on the machine nor on the number of threads. */

/* How a model was made. */
struct provenance {
    const char *command; /* cli_command's text; not owned */
    uint64_t seed, epochs, steps;
    uint64_t items, data_xxh64; /* of the training data; data_xxh64 0: not known */
    uint64_t labels_xxh64;      /* of its labels; read only if the model is conditional on labels */
    uint64_t target_xxh64;      /* of its targets; read only if the model predicts one */
    uint64_t start_xxh64;       /* of the model that training started from; 0: none */
    const char *ended;          /* why training has ended, see vae-model(5); not owned */
    uint64_t epochs_run;        /* epochs begun when the file was written; the weights may be of an earlier one */
    size_t active_latents;      /* in that epoch, see latent_figures */
    struct elbo train;          /* of the training items in the weights' epoch */
    struct elbo validation;     /* of the validation items with these weights; NaN: not evaluated */
};

/* Writes a model file. 0 or -1. */
int model_write(const struct model *model, const struct provenance *provenance, const struct output *out)
    __attribute__((warn_unused_result));

/* Reads and checks a whole model file, and creates the model. *metadata becomes a new reference to the file's
 * metadata, or NULL. 0 or -1; end with model_free and json_decref in both cases. */
int model_read(struct model *model, enum model_reading reading, json_t **metadata, const struct input *in)
    __attribute__((warn_unused_result));

/* The same after safetensors_read_header has read this header. 0 or -1; end with model_free in both cases. */
int model_read_after(struct model *model, enum model_reading reading, const json_t *metadata, const json_t *tensors,
                     const struct input *in) __attribute__((warn_unused_result));

/* Sets all parameters of a model that model_create has made to the values of another program's file, after
 * safetensors_read_header has read this header: it must have all tensors of the model and no others, in any order.
 * The metadata has no part in it. On error some parameters may be set. 0 or -1. */
int model_read_values(struct model *model, const json_t *tensors, const struct input *in)
    __attribute__((warn_unused_result));

/* Reads the vocabulary of a model of sequences, without its weights, from the file at `path`: *tokens becomes its
 * text, one token per line, which the caller frees, and *length the numbers of an item. 0; or -1 with a message,
 * and then *tokens is NULL. */
int model_load_tokens(const char *path, char **tokens, size_t *length) __attribute__((warn_unused_result));

/* As model_read, for the file at `path`, without returning the metadata. 0 or -1; end with model_free in both
 * cases. */
int model_load(struct model *model, enum model_reading reading, const char *path)
    __attribute__((warn_unused_result));

#endif
