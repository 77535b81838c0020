/* SPDX-License-Identifier: MIT */
#ifndef MODEL_PASS_H
#define MODEL_PASS_H

#include "model/model.h"
#include "model/objective.h"

/* The forward and backward pass of a model for up to `rows` items at a time, with `draws` z per item. Every array
 * has one row per item; from epsilon and z on, one row per draw, with the draws of an item in consecutive rows. The
 * functions work on the items [first, first + rows) and all their draws, or on a tile of a layer's own rows, and
 * write nothing else; threads may take disjoint items or tiles. The caller fills x before the encoder, and epsilon
 * before pass_draw (or z before the decoder). */
struct pass {
    const struct model *model; /* not owned */
    size_t rows, draws;
    float *x;                               /* [elements] */
    float *encoder_input;                   /* [encoder_inputs]; x itself if that is what the encoder reads */
    float *out[2 * MODEL_MAX_HIDDEN + 2];   /* [units] of each layer, after its activation */
    float *slope[2 * MODEL_MAX_HIDDEN + 2]; /* [out], for an activation that keeps its slope */
    float *delta[2 * MODEL_MAX_HIDDEN + 2]; /* [out], gradient before the activation; the last is its out */
    float *dout[2 * MODEL_MAX_HIDDEN + 2];  /* [units], gradient after it; delta itself if it is as wide */
    float *condition;                       /* [classes], the item's label, one-hot; empty without labels */
    float *sigma, *epsilon;                 /* [latent] */
    float *z, *dz;                          /* [decoder_inputs], z followed by the condition */
    float *prior_scratch;                   /* [prior_scratch], of the prior's functions */
    double *log_prior;                      /* log p(z) of each draw, if the prior needs it: see pass_prior */
    float *weight;                          /* of each draw in the gradient: see pass_weigh */
    float *log_scale, *inverse_scale;       /* one row [elements] for all: see pass_set_scale */
    float *dscale;                          /* [elements], gradient of the log_scale that are parameters */
    double *kl, *bound; /* of each item: KL, and the objective, which training maximizes; nats */
    /* The panels of each layer's input [rows, in], for the gradient (kernel/product.h); NULL: there is no backward
     * pass, or the backend reads none. */
    float *panels[2 * MODEL_MAX_HIDDEN + 2];
    /* Sums over the last layer's units are kept as one partial sum per part of them, so that no thread waits:
     * [parts, rows], nats. */
    size_t parts;
    double *negative_log;
    double *deviations; /* as negative_log, if the scale is the best one for the batch */
    void *memory;
};

/* Allocates for `rows` items of `draws` draws; 0 draws: for the encoder alone; `backward`: also the arrays of the
 * backward pass. 0 or -1; end with pass_free. */
int pass_create(struct pass *pass, const struct model *model, size_t rows, size_t draws, bool backward)
    __attribute__((warn_unused_result));

void pass_free(struct pass *pass);

/* Whether x itself is the encoder's input, so that encoder_input is x. */
bool pass_encodes_x(const struct model *model);

/* label [rows] -> condition; NULL if the model has no labels. */
void pass_set_labels(struct pass *pass, size_t first, size_t rows, const uint32_t *label);

/* x, condition -> encoder_input: missing elements become 0, and a mask follows the elements, 1 for each observed
 * one. */
void pass_set_encoder_input(struct pass *pass, size_t first, size_t rows);

/* condition -> the last numbers of z in all draws. */
void pass_condition(struct pass *pass, size_t first, size_t rows);

/* Sets the likelihood's scale from the config and the parameters; pass_create calls it. */
void pass_set_scale(struct pass *pass);

/* If the scale is the best one for the batch: a tile of out[last] and x -> its part of the deviations; then all
 * deviations of the first `rows` items -> the scale, whose power is sum / count. If no element is observed, the
 * scale does not change. */
void pass_deviations(struct pass *pass, const struct tile *tile);
void pass_set_best_scale(struct pass *pass, size_t rows, double *sum, double *count);

/* Adds to gradient [parameters] the gradient of the scale's parameters, from dscale, times `factor`. */
void pass_scale_gradient(struct pass *pass, size_t rows, float factor, float *gradient);

/* The distributions of the elements [first, first + n) of a row. */
struct distributions pass_distributions(const struct pass *pass, size_t row, size_t first, size_t n);

/* x -> out[heads] = mu and bounded logvar, sigma, and kl if it has a closed form. */
void pass_encode(struct pass *pass, size_t first, size_t rows);

/* epsilon, condition -> z. */
void pass_draw(struct pass *pass, size_t first, size_t rows);

/* z -> log_prior and prior_scratch, if the prior needs them, and kl if it has no closed form. */
void pass_prior(struct pass *pass, size_t first, size_t rows);

/* z -> out[last], the likelihood's parameters a. */
void pass_decode(struct pass *pass, size_t first, size_t rows);

/* A tile of out[last] and x -> its part of negative_log. With `gradient` the tile of out[last] becomes its
 * gradient. */
void pass_likelihood(struct pass *pass, const struct tile *tile, bool gradient);

/* -log p(x|z) of a draw, the sum of all parts, nats. */
double pass_negative_log(const struct pass *pass, size_t row);

/* log p(x|z) + log p(z) - log q(z|x) of a draw: its log importance weight, nats. */
double pass_log_weight(const struct pass *pass, size_t row);

/* -log p(x|z), the mean over an item's draws, nats. */
double pass_mean_negative_log(const struct pass *pass, size_t item);

/* The parts of the functions above and of the backward pass, which computes the gradient of the sum over items of
 * minus the objective, such as -ELBO = negative_log + kl. */

/* negative_log -> weight and bound. Multiplies delta[last] of each draw by its weight. */
void pass_weigh(struct pass *pass, size_t first, size_t rows, const struct objective *objective);

/* The layer's input -> a tile of out[index], after its activation, and of the next layer's panels. */
void pass_forward(struct pass *pass, size_t index, const struct tile *tile);

/* out[heads] as the encoder's last product left it -> bounded logvar, sigma, and kl if it has a closed form. */
void pass_posterior(struct pass *pass, size_t first, size_t rows);

/* delta[index] -> a tile of delta[index - 1]; of dz if z is the layer's input. */
void pass_backward(struct pass *pass, size_t index, const struct tile *tile);

/* dz -> delta[heads], with the KL term weighted by beta. Overwrites dz. */
void pass_posterior_backward(struct pass *pass, size_t first, size_t rows, const struct objective *objective,
                             double beta);

/* Rows per item of layer `index`: 1 in the encoder, `draws` in the decoder. */
size_t pass_draws(const struct pass *pass, size_t index);

/* The first layer whose output of the first `rows` items is not finite; model->layers if there is none. */
size_t pass_not_finite(const struct pass *pass, size_t rows);

/* The sums [rows] of the part that a tile of the last layer is, in an array of partial sums such as negative_log.
 */
double *pass_part_sums(const struct pass *pass, double *sums, const struct tile *tile);

/* The input of layer `index`: encoder_input, z, or the output of the layer before. */
struct linear_input pass_input(const struct pass *pass, size_t index);

/* A tile of layer `index`'s input -> its panels, if there are any. Called by each function that writes an input. */
void pass_pack(struct pass *pass, size_t index, const struct tile *tile);

#endif
