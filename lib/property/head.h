/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_HEAD_H
#define PROPERTY_HEAD_H

#include "model/model.h"

/* The head of a model that predicts a target (model/target.h), by itself: its layers with the model's parameters.
 * It outlives the model. */
struct head {
    struct net net;
    size_t latent, classes; /* of the model: the numbers of z, and those of a label that may follow it */
    bool is_normal;         /* the model's prior is N(0, I) */
    size_t prediction;      /* the layer of the output; layer 0 is the latent */
    double mean, deviation; /* of the target */
};

/* Copies the head of a model, which has one. 0 or -1; end with head_free in both cases. */
int head_take(struct head *head, const struct model *model) __attribute__((warn_unused_result));

/* Reads the head of the model at `path`. 0, or -1, also if the model has none; end with head_free in both cases. */
int head_load(struct head *head, const char *path) __attribute__((warn_unused_result));

void head_free(struct head *head);

/* Memory for one prediction at a time; owned by the thread that uses it. */
struct head_pass {
    struct pass pass;
    float *z, *slope; /* [latent]; owned. slope: of the output in units of the deviation */
    double *gradient; /* [latent]; owned */
};

/* 0, or -1 if memory runs out; end with head_pass_end in both cases. */
int head_pass_start(struct head_pass *pass, const struct head *head) __attribute__((warn_unused_result));
void head_pass_end(struct head_pass *pass);

/* Returns the prediction at pass->z, in units of the target, and sets pass->gradient to its derivatives with
 * respect to z. */
double head_predict(const struct head *head, struct head_pass *pass);

#endif
