/* SPDX-License-Identifier: MIT */
#ifndef QUERY_EVALUATE_H
#define QUERY_EVALUATE_H

#include "dist/log_sum.h"
#include "model/elbo.h"
#include "query/batch.h"
#include "query/latent_sums.h"

/* What a model says of items it is not trained on. */

#define CURVE_POINTS 9 /* 1, 10, 100, ... and the number of draws, which is at most 2^24 */

/* One item's figures, nats. */
struct item_figures {
    double reconstruction;      /* E_q log p(x|z), the mean over its draws */
    double kl;                  /* KL(q(z|x) || p(z)) */
    double log_likelihood;      /* log p(x) by importance sampling, see below; NaN if not asked for */
    double effective;           /* effective sample size of its importance weights; NaN likewise */
    double curve[CURVE_POINTS]; /* log p(x) by its first draws; of the points there are */
};

/* Sums over items. */
struct evaluation {
    uint64_t items;
    double elements; /* that are not missing, of all items */
    double reconstruction, kl, effective;
    struct tally elbo, log_likelihood, curve[CURVE_POINTS];
    struct latent_sums *latents; /* [latent] */
};

struct evaluator {
    struct batch batch;
    uint32_t first_draw, draws; /* at work: draws [first_draw, first_draw + draws) of each item of the batch */
    struct log_sum weights[BATCH_ROWS]; /* of each item's importance weights so far */
    /* Set after evaluator_start, if each draw is wanted (with `marginal`): called with draw k of the batch's
     * item i, which is in a row of batch.pass, and its log importance weight; by one thread an item, draws in turn.
     */
    void (*drawn)(const struct evaluator *evaluator, size_t row, size_t i, uint32_t k, double log_weight);
    void *context; /* for `drawn` */
    uint64_t seed;
    uint32_t samples;                        /* draws of z an item, 1 to 2^24 */
    bool marginal;                           /* whether log p(x) is wanted */
    size_t points;                           /* of the curve; 0 without `marginal` */
    uint32_t point[CURVE_POINTS];            /* each one's draws, rising; the last is `samples` */
    struct item_figures figures[BATCH_ROWS]; /* of the batch evaluated last */
    struct evaluation total;
};

/* Prepares evaluation with `samples` draws an item; with `marginal` also
 *     log p(x) ~ logsumexp_k [log p(x,z_k) - log q(z_k|x)] - log K,   z_k ~ q(z|x),
 * a lower bound in expectation that rises with K: Burda, Grosse and Salakhutdinov 2016, equation 8.
 * The draws depend on (seed, item, k) alone. 0 or -1; end with evaluator_end. */
int evaluator_start(struct evaluator *evaluator, const struct model *model, struct workers *workers,
                    uint32_t samples, bool marginal, uint64_t seed) __attribute__((warn_unused_result));

/* Adds `count` <= batch_room(item) items and their labels, NULL if the model wants none, the first of which has
 * number `item` in the stream called `name`. 0, or -1 if a figure is not finite, naming the item. */
int evaluator_add(struct evaluator *evaluator, enum dtype dtype, const void *items, const uint32_t *label,
                  size_t count, uint64_t item, const char *name) __attribute__((warn_unused_result));

/* Adds a whole data set. 1: done; 0: a signal came before the end (see signals_stop), and the sums must not be
 * used; -1: as evaluator_add. */
int evaluator_add_all(struct evaluator *evaluator, const struct dataset *set, const uint32_t *label)
    __attribute__((warn_unused_result));

/* mu and logvar of an item of the batch evaluated last: [2 latent]. */
const float *evaluator_heads(const struct evaluator *evaluator, size_t i);

/* Mean nats per item of all that was added. */
struct elbo evaluation_elbo(const struct evaluation *total);

/* The mean of log p(x) over items, and its standard error. */
double evaluation_log_likelihood(const struct evaluation *total, double *standard_error);

void evaluator_end(struct evaluator *evaluator);

#endif
