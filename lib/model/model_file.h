/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_FILE_H
#define MODEL_MODEL_FILE_H

#include "base/io.h"
#include "model/model.h"

/* The model file, vae-model(5): a safetensors file whose metadata holds the model's config, how it was made, and
 * a checksum. Nothing in it depends on where or on how many threads it was made. */

/* How a model was made. */
struct provenance {
    const char *command; /* cli_command's text; not owned */
    uint64_t seed, epochs, steps;
    uint64_t items, data_xxh64; /* of the training data */
    uint64_t labels_xxh64;      /* of its labels, if the model is conditional on them */
    uint64_t start_xxh64;       /* of the model whose values were the first; 0: none */
    double elbo;                /* of the last epoch's training, nats per item */
};

/* Writes a model. 0 or -1. */
int model_write(const struct model *model, const struct provenance *provenance, const struct output *out)
    __attribute__((warn_unused_result));

/* Reads and checks a whole model file; creates the model. *metadata is a new reference to what the file says of
 * itself, or NULL. 0 or -1. End with model_free and json_decref. */
int model_read(struct model *model, enum model_reading reading, json_t **metadata, const struct input *in)
    __attribute__((warn_unused_result));

/* The same of the file at `path`, without its metadata. 0 or -1. End with model_free. */
int model_load(struct model *model, enum model_reading reading, const char *path)
    __attribute__((warn_unused_result));

#endif
