/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include "model/model.h"
#include "nn/graph.h"

/* A part of a model as a graph, from which a program in another language is written. */
struct export {
    struct model model;
    struct graph graph; /* its last node is the output */
    bool decoder;       /* z, label -> the mean of p(x|z); else x, label -> mu, then the clamped logvar */
};

/* 0, or -1 with a message if `part` is neither "decoder" nor "encoder". */
int export_check_part(const char *part) __attribute__((warn_unused_result));

/* Loads the model at the path `model`, and makes the graph of its decoder or its encoder. 0, or -1 also if one of
 * the layers cannot be described; end with export_close in both cases. */
int export_open(struct export *e, const char *model, const char *part) __attribute__((warn_unused_result));

void export_close(struct export *e);

#endif
