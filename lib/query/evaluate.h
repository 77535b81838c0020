/* SPDX-License-Identifier: MIT */
#ifndef QUERY_EVALUATE_H
#define QUERY_EVALUATE_H

#include "dist/log_sum.h"
#include "model/elbo.h"
#include "query/batch.h"
#include "query/latent_sums.h"

/* Evaluates a model on items: its bounds on log p(x), in nats per item. */

#define CURVE_POINTS 9 /* 1, 10, 100, ... draws, and the number of draws, which is at most 2^24 */

/* The figures of one item, in nats, except `effective`. */
struct item_figures {
    double reconstruction;      /* E_q log p(x|z), as the mean over the draws of z */
    double kl;                  /* KL(q(z|x) || p(z)) */
    double log_likelihood;      /* log p(x) by importance sampling; NaN without `marginal` */
    double effective;           /* effective sample size of the importance weights; NaN without `marginal` */
    size_t observed;            /* elements that are not missing */
    double prediction;          /* of the target at z = mu, in units of its deviation; NaN without `target` */
    double bound;               /* of the evaluator's objective; 0 without one */
    double known, target;       /* the target in these units, NaN if not known; E_q log p(t|z) with an objective */
    double curve[CURVE_POINTS]; /* log p(x) from the first point[i] draws, for i below `points` of the evaluator */
};

/* Sums of these figures over items. */
struct evaluation {
    uint64_t items;
    double elements; /* observed elements of all items */
    double reconstruction, kl, effective;
    double bound; /* of the evaluator's objective; 0 without one */
    struct tally elbo, log_likelihood, curve[CURVE_POINTS];
    struct target_sums targets;  /* with the predictions at z = mu */
    struct latent_sums *latents; /* [latent]; owned by the evaluator */
};

struct evaluator {
    struct batch batch;
    uint32_t first_draw, draws; /* draws [first_draw, first_draw + draws) of each item are being evaluated */
    struct log_sum weights[BATCH_ROWS]; /* each item's importance weights so far */
    struct log_sum joint[BATCH_ROWS];   /* the same with the target's term, see bound_target */
    const double *target;               /* [count], see evaluator_run */
    /* May be set after evaluator_start; else NULL. Called for draw k of the batch's item i, with the row of
     * batch.pass that holds the draw, and its log importance weight, NaN without `marginal`. The draws of an item
     * come in their order and in one thread; several items may be in different threads at the same time. */
    void (*drawn)(const struct evaluator *evaluator, size_t row, size_t i, uint32_t k, double log_weight);
    void *context; /* for `drawn` */
    uint64_t seed;
    uint32_t samples;                  /* draws of z per item, 1 to 2^24 */
    bool at_mean;                      /* there is one, which is mu */
    bool marginal;                     /* log p(x) is estimated */
    size_t points;                     /* number of points of the curve; 0 without `marginal` */
    uint32_t point[CURVE_POINTS];      /* the number of draws of each point, ascending; the last is `samples` */
    const struct objective *objective; /* may be set after evaluator_start: whose bound is computed, too */
    struct item_figures figures[BATCH_ROWS]; /* of the last batch */
    struct evaluation total;
};

/* Prepares an evaluation with `samples` draws of z per item; 0: at z = mu, without `marginal`. With `marginal` it
 * also estimates log p(x) ~ logsumexp_k [log p(x,z_k) - log q(z_k|x)] - log K,   z_k ~ q(z|x). In expectation this
 * is a lower bound that does not fall as K grows: Burda, Grosse and Salakhutdinov 2016, equation 8. A draw depends
 * on the seed, the item's number and k only. Packs the model's net. The model and the workers must outlive the
 * evaluator. 0, or -1 if memory runs out; end with evaluator_end in both cases. */
int evaluator_start(struct evaluator *evaluator, const struct model *model, struct workers *workers,
                    uint32_t samples, bool marginal, uint64_t seed) __attribute__((warn_unused_result));

/* Sets the figures of `count` <= batch_room(batch.rows, item) items. `item` is the number of the first one in the
 * stream. label [count]: NULL if the model is not conditional on labels. target [count]: NULL if the target is not
 * to be predicted. */
void evaluator_run(struct evaluator *evaluator, enum dtype dtype, const void *items, const uint32_t *label,
                   const double *target, size_t count, uint64_t item);

/* Adds the figures of item i of the last batch to `total`. 0, or -1 with a message that names item number `item` of
 * the stream `name` if a figure is not finite. To be called in the order of the items. */
int evaluator_take(struct evaluator *evaluator, size_t i, uint64_t item, const char *name)
    __attribute__((warn_unused_result));

/* Sets the figures of item i of the last batch to NaN. */
void evaluator_refuse(struct evaluator *evaluator, size_t i);

/* Evaluates a whole data set, and adds the figures of its items to `total`. Of several ranks each evaluates a part
 * of the items; all get the same sums, without those of the latents. Returns 1 when done; 0 if a signal came before
 * the end (see signals_stop), and then the sums must not be used; -1 as evaluator_take. */
int evaluator_add_all(struct evaluator *evaluator, const struct dataset *set, const uint32_t *label,
                      const double *target) __attribute__((warn_unused_result));

/* Returns mu and logvar [2 latent] of item i of the last batch; they belong to the evaluator. */
const float *evaluator_heads(const struct evaluator *evaluator, size_t i);

/* Returns means over all items, in nats per item; NaN if there are no items. Without an objective the bound is 0.
 */
struct elbo evaluation_elbo(const struct evaluation *total);

/* Returns the mean of log p(x) over items, and writes its standard error; see tally_mean. */
double evaluation_log_likelihood(const struct evaluation *total, double *standard_error);

void evaluator_end(struct evaluator *evaluator);

#endif
