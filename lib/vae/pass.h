#ifndef VAE_PASS_H
#define VAE_PASS_H

#include "vae/model.h"
#include "vae/objective.h"

/* One way through a model, forward and back, for up to `rows` items at a time and `draws` z of each. Every array
 * has a row an item; from epsilon and z on, a row a draw, those of an item behind each other. The functions work on
 * the items [first, first + rows) and all their draws, or on a tile of a layer's own rows, and touch nothing else,
 * so that threads may share a pass. Arrays that a caller fills: x before the encoder, epsilon before pass_draw (or
 * z before the decoder). */
struct pass {
    const struct model *model; /* not owned */
    size_t rows, draws;
    float *x;                               /* [elements] */
    float *seen;                            /* [inputs], what the encoder sees of x; x itself where it sees that */
    float *out[2 * MODEL_MAX_HIDDEN + 2];   /* [units] of each layer, behind its activation */
    float *slope[2 * MODEL_MAX_HIDDEN + 2]; /* [out], for an activation that keeps its slope */
    float *delta[2 * MODEL_MAX_HIDDEN + 2]; /* [out], gradient before the activation; the last is its out */
    float *dout[2 * MODEL_MAX_HIDDEN + 2];  /* [units], gradient behind it; delta where that is as wide */
    float *condition;                       /* [classes], the item's label, one-hot; nothing without any */
    float *sigma, *epsilon;                 /* [latent] */
    float *z, *dz;                          /* [code], z and behind it the condition */
    float *share, *pull; /* [components], [latent], of a prior that is a mixture: each component's part of p(z), and
                          * the gradient of -log p(z) by z */
    double *log_prior;   /* log p(z) of each draw, likewise; nats, but for L/2 log(2 pi) */
    float *weight;       /* of each draw in the gradient: see pass_weigh */
    float *log_scale, *inverse_scale;        /* one row [elements] for all: see pass_take_scale */
    float *dscale;                           /* [elements], gradient of the log_scale that are parameters */
    double *kl, *bound;                      /* KL of each item, and what the objective has it climb, nats */
    float *panels[2 * MODEL_MAX_HIDDEN + 2]; /* of each layer's input, for the gradient (kernel/product.h), [rows,
                                              * in]; NULL: no way back, or a backend that does without */
    /* Sums over the last layer's units are kept as one partial sum per part of them, so that no thread waits:
     * [parts, rows], nats. */
    size_t parts;
    double *negative_log;
    double *deviations; /* as negative_log, if the scale is the best one for the batch */
    void *memory;
};

/* Allocates for `rows` items of `draws` draws, 0: as far as the heads; `backward` also what pass_backward needs. 0
 * or -1. */
int pass_create(struct pass *pass, const struct model *model, size_t rows, size_t draws, bool backward)
    __attribute__((warn_unused_result));

void pass_free(struct pass *pass);

/* Whether the encoder sees x itself, so that seen is x. */
bool pass_sees_x(const struct model *model);

/* label [rows] -> condition; NULL: nothing, where the model has none. */
void pass_set_labels(struct pass *pass, size_t first, size_t rows, const uint32_t *label);

/* x, condition -> seen: missing elements are 0, and behind them all a mask, 1 for each that is observed. */
void pass_see(struct pass *pass, size_t first, size_t rows);

/* condition -> the last numbers of z, of all draws. */
void pass_condition(struct pass *pass, size_t first, size_t rows);

/* The likelihood's scale, as the config and the parameters have it; pass_create has called it. */
void pass_take_scale(struct pass *pass);

/* Where the scale is the best for the batch: a tile of out[last], and x -> its part of the deviations; and all of
 * them, of the first `rows` items, -> the scale, whose power is sum / count. Where nothing is observed it stays. */
void pass_deviations(struct pass *pass, const struct tile *tile);
void pass_take_best_scale(struct pass *pass, size_t rows, double *sum, double *count);

/* The log_scale whose power is sum / count. */
float pass_best_log_scale(const struct model *model, double sum, double count);

/* dscale -> the gradient of the scale's parameters, times `factor`, added. */
void pass_scale_gradient(struct pass *pass, size_t rows, float factor, float *gradient);

/* Row `row`'s distributions, [first, first + n) of its elements. */
struct distributions pass_distributions(const struct pass *pass, size_t row, size_t first, size_t n);

/* x -> out[heads] = mu and bounded logvar, sigma, kl to N(0, I). */
void pass_encode(struct pass *pass, size_t first, size_t rows);

/* epsilon, condition -> z. */
void pass_draw(struct pass *pass, size_t first, size_t rows);

/* Where the prior is a mixture: z -> share, pull, log_prior, and kl, which has no closed form: minus q's entropy
 * and the mean of log_prior over the draws. */
void pass_prior(struct pass *pass, size_t first, size_t rows);

/* z -> out[last], the likelihood's parameters a. */
void pass_decode(struct pass *pass, size_t first, size_t rows);

/* A tile of out[last], and x -> its part of negative_log. With `gradient` out[last] becomes its gradient. */
void pass_likelihood(struct pass *pass, const struct tile *tile, bool gradient);

/* -log p(x|z) of a draw, all parts, nats. */
double pass_negative_log(const struct pass *pass, size_t row);

/* log p(x|z) + log p(z) - log q(z|x) of a draw: its log importance weight, nats. */
double pass_log_weight(const struct pass *pass, size_t row);

/* -log p(x|z), the mean over an item's draws, nats. */
double pass_mean_negative_log(const struct pass *pass, size_t item);

/* The pieces of the above, and of the way back: the gradient of the sum over items of what the objective makes
 * small, such as -ELBO = negative_log + kl. */

/* negative_log -> each draw's weight, by which delta[last] is multiplied, and bound. */
void pass_weigh(struct pass *pass, size_t first, size_t rows, const struct objective *objective);

/* A tile of out[index], behind its activation. */
void pass_forward(struct pass *pass, size_t index, const struct tile *tile);

/* out[heads] as the encoder's last product left it -> bounded logvar, sigma, kl to N(0, I). */
void pass_posterior(struct pass *pass, size_t first, size_t rows);

/* delta[index] -> a tile of delta[index - 1]; of dz if z is the layer's input. */
void pass_backward(struct pass *pass, size_t index, const struct tile *tile);

/* dz -> delta[heads], the KL term weighted by beta. dz is used up. */
void pass_posterior_backward(struct pass *pass, size_t first, size_t rows, const struct objective *objective,
                             double beta);

/* So many rows layer `index` has an item: draws from the decoder on. */
size_t pass_draws(const struct pass *pass, size_t index);

/* The first layer whose output of the first `rows` items is not finite, or model->layers where there is none. */
size_t pass_not_finite(const struct pass *pass, size_t rows);

/* The sums [rows] of the last layer's part that a tile is, of all parts' sums such as negative_log. */
double *pass_part_sums(const struct pass *pass, double *sums, const struct tile *tile);

/* What layer `index` takes in: x, z or the output of the layer before. */
struct linear_input pass_input(const struct pass *pass, size_t index);

/* A tile of layer `index`'s input -> its panels. Whatever writes an input calls it. */
void pass_pack(struct pass *pass, size_t index, const struct tile *tile);

#endif
