/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_TRAINING_RUN_H
#define TRAIN_TRAINING_RUN_H

#include "train/checkpoint.h"
#include "train/initial_values.h"

/* A whole run of training, as vae-train's options describe it: from streams of items to a model file, told of on
 * stderr and in a log. */
struct training_run_config {
    const struct option_value *options;     /* those that change the result */
    const char *command;                    /* the same as one text, for the model file */
    const char *file, *validation;          /* paths of streams: NULL or "-" is stdin, and NULL no validation */
    const char *labels, *validation_labels; /* of both; NULL: none */
    const char *output, *log;               /* paths: of the model, and NULL: no log */
    const char *checkpoint, *resume;        /* paths of checkpoints, to save and to go on from; NULL: none */
    struct every every;
    struct model_config model; /* except what the streams tell: the items' shape and the classes */
    bool scale_given;          /* model.scale is the user's choice, not the likelihood's default */
    uint64_t epochs, patience; /* patience: epochs without a better validation; 0: any number */
    size_t batch;
    double rate;
    struct objective objective;
    struct schedule schedule;
    struct update_config update;
    struct initial_values start;
    uint64_t seed;
    size_t threads;
};

/* Trains and saves the model. 0 or -1. */
int training_run(const struct training_run_config *config) __attribute__((warn_unused_result));

#endif
