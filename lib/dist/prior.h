/* SPDX-License-Identifier: MIT */
#ifndef DIST_PRIOR_H
#define DIST_PRIOR_H

#include "dist/mixture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* p(z): the prior of a latent vector. One entry of the table in prior.c each. */

/* A prior at work: what it needs of a model. */
struct prior_state {
    const struct prior *prior;
    size_t latent, components; /* components: K, of a prior that has them; else 0 */
    struct mixture mixture;    /* the components, if they are normal distributions */
};

/* Log densities are in nats and leave out the constant of a normal one: they are log p(z) + L/2 log(2 pi), as those
 * of dist/latent.h are. */
struct prior {
    const char *name;
    size_t max_components; /* "NAME:K" has K components, K from 1 to this; 0: it is "NAME" and has none */
    /* The components are normal distributions: the encoder's posteriors of K pseudo-inputs, which are parameters of
     * the model. `scratch` then begins with the responsibilities [components]. */
    bool pseudo_inputs;

    /* KL(q || p) of one item, a sum over latents whose terms are latent_kl_of; and its gradient, see
     * latent_kl_backward. NULL: it has no such closed form, and the draws of z estimate it. */
    double (*kl)(const struct prior_state *state, const float *heads, const float *sigma);
    void (*kl_backward)(const struct prior_state *state, const float *heads, const float *sigma, float beta,
                        float free_bits, float *dheads);

    /* Floats that log_density leaves for slope, and slope for its result, per draw. NULL: none. */
    size_t (*scratch)(const struct prior_state *state);

    /* Returns log p(z). */
    double (*log_density)(const struct prior_state *state, const float *z, float *scratch);

    /* Returns d(-log p(z))/dz [latent], in scratch, or z itself. After log_density of the same z and scratch. */
    const float *(*slope)(const struct prior_state *state, const float *z, float *scratch);

    /* log p(z) - log q(z|x) at z = mu + sigma epsilon, in one sum, if log p(z) alone is not needed for it. NULL:
     * see prior_log_ratio. */
    double (*log_ratio)(const struct prior_state *state, const float *heads, const float *epsilon, const float *z);

    /* z [latent], item number `item` of those drawn with `seed`. */
    void (*draw)(const struct prior_state *state, float *z, uint64_t seed, uint64_t item);

    /* Each latent's quantile, if they are independent and alike: the z with P(z) = p, for p in (0, 1). NULL: none.
     */
    double (*quantile)(double p);

    /* Allocates, sets and frees what a prior with components needs; see prior_create, prior_refresh. NULL: nothing.
     */
    int (*create)(struct prior_state *state);
    void (*refresh)(struct prior_state *state, size_t first, size_t count);
    void (*free)(struct prior_state *state);
};

/* normal: N(0, I). vamp: the VampPrior, dist/mixture.h. */
extern const struct prior prior_normal, prior_vamp;

/* "normal" or "vamp:500" <-> a prior and its number of components. -1 with a message opened by `name`. */
#define PRIOR_TEXT 32
int prior_parse(const struct prior **prior, size_t *components, const char *name, const char *text)
    __attribute__((warn_unused_result));
const char *prior_text(const struct prior *prior, size_t components, char text[PRIOR_TEXT]);

/* The number of its pseudo-inputs: `components` or 0. */
size_t prior_pseudo_inputs(const struct prior *prior, size_t components);

/* Sets the state and allocates what the prior needs. 0 or -1. End with prior_free, also after -1. */
int prior_create(struct prior_state *state, const struct prior *prior, size_t components, size_t latent)
    __attribute__((warn_unused_result));
void prior_free(struct prior_state *state);

/* Sets the components [first, first + count) from mixture.heads, which the caller has set; threads may take
 * disjoint components. */
void prior_refresh(struct prior_state *state, size_t first, size_t count);

/* Floats of scratch per draw. */
size_t prior_scratch(const struct prior_state *state);

/* Whether log_density of each draw is needed, for KL or for prior_log_ratio. */
bool prior_needs_density(const struct prior *prior);

/* log p(z) - log q(z|x) of a draw. log_density: its log p(z), if prior_needs_density. */
double prior_log_ratio(const struct prior_state *state, const float *heads, const float *epsilon, const float *z,
                       double log_density);

/* KL(q || p) without a closed form: minus q's entropy minus the mean of log p(z) over the draws. */
double prior_kl_of_draws(const struct prior_state *state, const float *heads, double mean_log_density);

/* The gradient of KL: adds `weight` times a draw's part to dz, which is nothing if there is a closed form; and
 * `beta` times the closed form's gradient, or else that of minus q's entropy, to dheads. */
void prior_kl_draw_backward(const struct prior_state *state, const float *z, float *scratch, float weight,
                            float *dz);
void prior_kl_backward(const struct prior_state *state, const float *heads, const float *sigma, float beta,
                       float free_bits, float *dheads);

#endif
