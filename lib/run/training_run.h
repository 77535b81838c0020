/* SPDX-License-Identifier: MIT */
#ifndef RUN_TRAINING_RUN_H
#define RUN_TRAINING_RUN_H

#include "run/checkpoint.h"
#include "run/estimate.h"
#include "run/initial_values.h"

/* A whole training run, as described by vae-train's options: from streams of items to a model file, with progress
 * on stderr and in a log. Strings are not owned. */
#define TARGET_WEIGHT_NOT_GIVEN (-1.0)
struct training_run_config {
    const struct option_value *options; /* the options that change the result */
    const char *command;                /* the same options as one text, for the model file */
    const char *file, *validation;      /* streams of items; file NULL or "-": stdin; validation NULL: none */
    bool streams;                       /* read `file` block by block, and do not keep it in memory */
    size_t shuffle_buffer; /* bytes of items that are shuffled among each other; 0: all, which a stream cannot */
    double validation_fraction;             /* of the items of `file`, which are validated with; 0: none */
    const char *labels, *validation_labels; /* streams of their labels; NULL: none */
    const char *target, *validation_target; /* streams of their targets; NULL: none */
    const char *output;                     /* the model file */
    const char *log, *log_latents;   /* tables of the epochs: figures, and the KL of each latent; NULL: none */
    const char *checkpoint, *resume; /* checkpoints to save and to resume from; NULL: none */
    struct every every;
    /* Except the items' shape, the classes, and the targets' mean and deviation, which come from the streams. */
    struct model_config model;
    bool target_hidden_given;  /* by --target-hidden */
    bool scale_given;          /* model.scale is from --sigma, not the default of the likelihood */
    uint64_t epochs, patience; /* patience: epochs without a better validation before the run stops; 0: never */
    size_t batch, splits;
    double rate;
    struct objective objective; /* target_weight: TARGET_WEIGHT_NOT_GIVEN without --target-weight */
    struct schedule schedule;
    struct augment augment;
    double word_dropout; /* see struct training */
    struct update_config update;
    struct initial_values start;
    uint64_t seed;
    size_t threads;
    struct training_estimate *estimate; /* not NULL: train for two steps only, write no file, and set this */
};

/* Trains and saves the model. 0 or -1. */
int training_run(const struct training_run_config *config) __attribute__((warn_unused_result));

#endif
