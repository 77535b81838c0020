/* SPDX-License-Identifier: MIT */
#ifndef DIST_PRIOR_H
#define DIST_PRIOR_H

#include "dist/mixture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* p(z): the prior of a latent z [latent]. Each prior is an entry of the table in prior.c. */

/* A prior together with the sizes and the components of a model. */
struct prior_state {
    const struct prior *prior;
    size_t latent;          /* L */
    size_t components;      /* K; 0 for a prior without components */
    struct mixture mixture; /* the components, if they are normal distributions */
};

/* Log densities and KL are in nats per item. As in dist/latent.h, log densities are without the constant
 * -L/2 log(2 pi). */
struct prior {
    const char *name;
    size_t max_components; /* the greatest K of "NAME:K"; 0: the prior is written "NAME" and has no components */
    /* The components are the encoder's posteriors of K pseudo-inputs, which are parameters of the model. `scratch`
     * then begins with the responsibilities [components]. */
    bool pseudo_inputs;

    /* Return KL(q || p) of one item, a sum over latents with the terms latent_kl_of; and add its gradient, see
     * latent_kl_backward. heads [2 latent], sigma [latent]. NULL: KL has no closed form, and is estimated from the
     * draws of z. */
    double (*kl)(const struct prior_state *state, const float *heads, const float *sigma);
    void (*kl_backward)(const struct prior_state *state, const float *heads, const float *sigma, float beta,
                        float free_bits, float *dheads);

    /* Returns the number of floats of scratch per draw: log_density writes there what slope reads, and slope writes
     * its result there. NULL: 0. */
    size_t (*scratch)(const struct prior_state *state);

    /* Returns log p(z) of z [latent]. */
    double (*log_density)(const struct prior_state *state, const float *z, float *scratch);

    /* The same in double, if log_density overflows where double does not; else NULL. */
    double (*log_density_wide)(const struct prior_state *state, const float *z);

    /* Returns d(-log p(z))/dz [latent], which lies in `scratch` or is z itself. Must follow log_density of the same
     * z and scratch. */
    const float *(*slope)(const struct prior_state *state, const float *z, float *scratch);

    /* Returns log p(z) - log q(z|x) at z = mu + sigma epsilon, without calling log_density. NULL:
     * prior_log_ratio computes it from log_density. */
    double (*log_ratio)(const struct prior_state *state, const float *heads, const float *epsilon, const float *z);

    /* Writes z [latent], draw number `item` of `seed`. */
    void (*draw)(const struct prior_state *state, float *z, uint64_t seed, uint64_t item);

    /* Returns the quantile of one latent, the z with P(z) = p for p in (0, 1). NULL unless the latents are
     * independent and have the same distribution. */
    double (*quantile)(double p);

    /* Allocate, set and free the components, see prior_create and prior_refresh. NULL: there are no components. */
    int (*create)(struct prior_state *state);
    void (*refresh)(struct prior_state *state, size_t first, size_t count);
    void (*free)(struct prior_state *state);
};

/* normal: N(0, I). vamp: the VampPrior, see dist/mixture.h. */
extern const struct prior prior_normal, prior_vamp;

/* Convert between a text such as "normal" or "vamp:500" and a prior with its number of components. prior_parse
 * returns 0, or -1 with a message that begins with `name`. prior_text writes to `text` and returns it. */
#define PRIOR_TEXT 32
int prior_parse(const struct prior **prior, size_t *components, const char *name, const char *text)
    __attribute__((warn_unused_result));
const char *prior_text(const struct prior *prior, size_t components, char text[PRIOR_TEXT]);

/* Writes the beginning of such a text to `text`, which it returns: the i-th prior's name, with ':' if the number of
 * components follows. NULL after the last one. */
const char *prior_name(size_t i, char text[PRIOR_TEXT]);

/* Returns the number of pseudo-inputs: `components`, or 0 for a prior without pseudo-inputs. */
size_t prior_pseudo_inputs(const struct prior *prior, size_t components);

/* Sets the state and allocates the components. 0, or -1 if memory runs out; end with prior_free in both cases. */
int prior_create(struct prior_state *state, const struct prior *prior, size_t components, size_t latent)
    __attribute__((warn_unused_result));
void prior_free(struct prior_state *state);

/* Sets the components [first, first + count) from mixture.heads, which the caller has set. Writes these components
 * only; threads may take disjoint components. */
void prior_refresh(struct prior_state *state, size_t first, size_t count);

/* Returns the number of floats of scratch per draw. */
size_t prior_scratch(const struct prior_state *state);

/* Returns whether KL or prior_log_ratio need the log_density of each draw. */
bool prior_needs_density(const struct prior *prior);

/* Returns log p(z) - log q(z|x) of a draw. log_density: log p(z) of the draw; read only if prior_needs_density. */
double prior_log_ratio(const struct prior_state *state, const float *heads, const float *epsilon, const float *z,
                       double log_density);

/* Returns an estimate of KL(q || p) for a prior without closed form: minus the entropy of q, minus the mean of
 * log p(z) over the draws. */
double prior_kl_of_draws(const struct prior_state *state, const float *heads, double mean_log_density);

/* The gradient of KL. Without a closed form prior_kl_draw_backward adds `weight` times d(-log p(z))/dz of a draw to
 * dz [latent], and prior_kl_backward adds `beta` times the gradient of minus the entropy of q to dheads [2 latent].
 * With a closed form the first does nothing, and the second adds `beta` times its gradient. */
void prior_kl_draw_backward(const struct prior_state *state, const float *z, float *scratch, float weight,
                            float *dz);
void prior_kl_backward(const struct prior_state *state, const float *heads, const float *sigma, float beta,
                       float free_bits, float *dheads);

#endif
