#ifndef VAE_PASS_H
#define VAE_PASS_H

#include "vae/model.h"

/* One way through a model, forward and back, for up to `rows` items at a time. Every array has a row an item;
 * the functions work on rows [first, first + rows) and touch no others, so that threads may share a pass by
 * rows. Arrays that a caller fills: x before pass_encode, epsilon before pass_draw (or z before pass_decode). */
struct pass {
    const struct model *model; /* not owned */
    size_t rows;
    float *x;                               /* [elements] */
    float *out[2 * MODEL_MAX_HIDDEN + 2];   /* [out] of each layer, behind its activation */
    float *slope[2 * MODEL_MAX_HIDDEN + 2]; /* [out], for an activation that keeps its slope */
    float *delta[2 * MODEL_MAX_HIDDEN + 2]; /* [out], gradient before the activation; the last is its out */
    float *sigma, *epsilon, *z, *dz;        /* [latent] */
    double *negative_log, *kl;              /* -log p(x|z) and KL of each item, nats */
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

/* out[last], x -> negative_log. With `gradient` out[last] becomes its gradient. */
void pass_likelihood(struct pass *pass, size_t first, size_t rows, bool gradient);

/* The gradient of the sum over items of -ELBO = negative_log + kl, into delta, behind pass_likelihood with
 * `gradient`. */
void pass_backward(struct pass *pass, size_t first, size_t rows);

/* The first layer whose output of the first `rows` items is not finite, or model->layers where there is none. */
size_t pass_not_finite(const struct pass *pass, size_t rows);

/* What layer `index` took in: x, z or the output of the layer before. */
const float *pass_input(const struct pass *pass, size_t index);

#endif
