#ifndef VAE_EVALUATE_H
#define VAE_EVALUATE_H

#include "vae/block.h"
#include "vae/elbo.h"

/* What a model says of items it is not trained on. */

/* One item's figures, nats. */
struct item_figures {
    double reconstruction; /* E_q log p(x|z), the mean over its draws */
    double kl;             /* KL(q(z|x) || p(z)) */
    double log_likelihood; /* log p(x) by importance sampling, see below; NaN where not asked for */
};

/* Sums over items. */
struct evaluation {
    uint64_t items;
    double reconstruction, kl;
    double log_likelihood, log_likelihood_squared;
    double *mu, *mu_squared; /* [latent] of the posterior means */
};

/* log of a sum of exponentials, to which values are added one at a time. */
struct log_sum {
    double max, sum; /* the sum is of exp(value - max) */
};

struct evaluator {
    struct block block;
    uint32_t first_draw, draws; /* at work: draws [first_draw, first_draw + draws) of each item of the block */
    struct log_sum weights[BLOCK_ROWS]; /* of each item's importance weights so far */
    uint64_t seed;
    uint32_t samples;                        /* draws of z an item, 1 to 2^24 */
    bool marginal;                           /* whether log p(x) is wanted */
    struct item_figures figures[BLOCK_ROWS]; /* of the block evaluated last */
    struct evaluation total;
};

/* Prepares evaluation with `samples` draws an item; with `marginal` also
 *     log p(x) ~ logsumexp_k [log p(x,z_k) - log q(z_k|x)] - log K,   z_k ~ q(z|x),
 * a lower bound in expectation that rises with K: Burda, Grosse and Salakhutdinov 2016, equation 8.
 * The draws depend on (seed, item, k) alone. 0 or -1; end with evaluator_end. */
int evaluator_start(struct evaluator *evaluator, const struct model *model, struct workers *workers,
                    uint32_t samples, bool marginal, uint64_t seed) __attribute__((warn_unused_result));

/* Adds `count` <= block_room(item) items, the first of which has number `item` in the stream called `name`. 0, or
 * -1 where a figure is not finite, naming the item. */
int evaluator_add(struct evaluator *evaluator, enum dtype dtype, const void *items, size_t count, uint64_t item,
                  const char *name) __attribute__((warn_unused_result));

/* Adds a whole data set. */
int evaluator_add_all(struct evaluator *evaluator, const struct dataset *set) __attribute__((warn_unused_result));

/* Mean nats per item of all that was added. */
struct elbo evaluation_elbo(const struct evaluation *total);

/* The mean of log p(x) over items, and its standard error (NaN for fewer than 2 items). */
double evaluation_log_likelihood(const struct evaluation *total, double *standard_error);

/* Latents whose posterior mean varies over items by more than 0.01 (Burda et al. 2016, section 5.2). */
size_t evaluation_active_latents(const struct evaluation *total, size_t latent);

void evaluator_end(struct evaluator *evaluator);

#endif
