/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include "model/model.h"
#include "nn/graph.h"

/* A model and the graph of one of its parts, for those who write it as a program in another language. */
struct export {
    struct model model;
    json_t *metadata;   /* of the model's file */
    struct graph graph; /* the last node is the output */
    bool decoder;       /* the part; otherwise the encoder */
};

/* 0, or -1 with a message if the word names no part of a model: encoder or decoder. */
int export_check_part(const char *part) __attribute__((warn_unused_result));

/* Returns the i-th of these words, NULL after the last one. */
const char *export_part(size_t i);

/* Loads the model of the file `model`, and makes the graph of its part. "decoder": from z, and the label, to the
 * mean of p(x|z), which vae-decode writes. "encoder": from x, and the label, to mu and then logvar, which is
 * clamped. 0, or -1 with a message; end with export_close in both cases. The name `model` must last until then. */
int export_open(struct export *e, const char *model, const char *part) __attribute__((warn_unused_result));

void export_close(struct export *e);

#endif
