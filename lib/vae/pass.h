#ifndef VAE_PASS_H
#define VAE_PASS_H

#include "vae/model.h"

/* One way through a model, forward and back, for up to `rows` items at a time. Every array has a row an item. The
 * functions work on rows [first, first + rows), or on a tile of a layer, and touch nothing else, so that threads
 * may share a pass. Arrays that a caller fills: x before the encoder, epsilon before pass_draw (or z before the
 * decoder).
 */
struct pass {
    const struct model *model; /* not owned */
    size_t rows;
    float *x;                               /* [elements] */
    float *out[2 * MODEL_MAX_HIDDEN + 2];   /* [out] of each layer, behind its activation */
    float *slope[2 * MODEL_MAX_HIDDEN + 2]; /* [out], for an activation that keeps its slope */
    float *delta[2 * MODEL_MAX_HIDDEN + 2]; /* [out], gradient before the activation; the last is its out */
    float *sigma, *epsilon, *z, *dz;        /* [latent] */
    double *kl;                             /* KL of each item, nats */
    /* What is summed over a layer's units is summed by parts of them, so that threads need not wait for each other:
     * of pass_likelihood [parts, rows], nats; of pass_backward [parts - 1, rows, in], the first part's own being where
     * the sum is wanted. */
    size_t parts; /* of the last layer */
    double *negative_log;
    float *partial;
    void *memory;
};

/* Allocates for `rows` items; `backward` also what pass_backward needs. 0 or -1. */
int pass_create(struct pass *pass, const struct model *model, size_t rows, bool backward)
    __attribute__((warn_unused_result));

void pass_free(struct pass *pass);

/* x -> out[heads] = mu and bounded logvar, sigma, kl. */
void pass_encode(struct pass *pass, size_t first, size_t rows);

/* epsilon -> z. */
void pass_draw(struct pass *pass, size_t first, size_t rows);

/* z -> out[last], the likelihood's parameters a. */
void pass_decode(struct pass *pass, size_t first, size_t rows);

/* A tile of out[last], and x -> its part of negative_log. With `gradient` out[last] becomes its gradient. */
void pass_likelihood(struct pass *pass, const struct tile *tile, bool gradient);

/* -log p(x|z) of an item, all parts, nats. */
double pass_negative_log(const struct pass *pass, size_t row);

/* The pieces of the above, and of the way back: the gradient of the sum over items of -ELBO = negative_log + kl. */

/* A tile of out[index], behind its activation. */
void pass_forward(struct pass *pass, size_t index, const struct tile *tile);

/* out[heads] as the encoder's last product left it -> bounded logvar, sigma, kl. */
void pass_posterior(struct pass *pass, size_t first, size_t rows);

/* A tile of delta[index] -> its part of delta[index - 1]; of dz where z is what the layer takes in. */
void pass_backward(struct pass *pass, size_t index, const struct tile *tile);

/* All parts -> delta[index - 1], or dz. */
void pass_backward_sum(struct pass *pass, size_t index, size_t first, size_t rows);

/* dz -> delta[heads]. */
void pass_posterior_backward(struct pass *pass, size_t first, size_t rows);

/* The first layer whose output of the first `rows` items is not finite, or model->layers where there is none. */
size_t pass_not_finite(const struct pass *pass, size_t rows);

/* What layer `index` took in: x, z or the output of the layer before. */
const float *pass_input(const struct pass *pass, size_t index);

#endif
