/* SPDX-License-Identifier: MIT */
#ifndef DIST_MIXTURE_H
#define DIST_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

/* A mixture of K normal distributions with equal weights, p(z) = 1/K sum over k of N(z; mu_k, diag sigma_k^2). The
 * VampPrior is one: its components are the posteriors of K pseudo-inputs (Tomczak and Welling 2018). Log densities
 * are in nats, without the constant -L/2 log(2 pi), like those of the posterior in dist/latent.h. */
struct mixture {
    size_t components, latent; /* K and L */
    const float *heads;        /* [components, 2 latent]: mu, followed by logvar; set by the caller, not owned */
    float *precision;          /* [components, latent]: 1 / sigma^2; owned */
    /* [K / DISTANCES rounded up, 2, latent, DISTANCES]: mu, then 1 / sigma^2, of DISTANCES components; owned */
    float *panel;
    double *log_scale; /* [components]: -log K - 1/2 sum of logvar; owned */
};

/* Allocates a mixture of K components of `latent` numbers each. The caller then sets `heads` and calls
 * mixture_refresh. 0, or -1 if memory runs out; end with mixture_free in both cases. */
int mixture_create(struct mixture *mixture, size_t components, size_t latent) __attribute__((warn_unused_result));

/* Sets the components [first, first + count) from `heads`. To be called after each change of these heads. Writes
 * these components only; threads may take disjoint components. */
void mixture_refresh(struct mixture *mixture, size_t first, size_t count);

/* Returns log p(z) of z [latent] and writes the responsibilities p(k given z) [components]. */
double mixture_log_density(const struct mixture *mixture, const float *z, float *responsibility);

/* The same log p(z) in double, for a z so far away that mixture_log_density overflows; without responsibilities. */
double mixture_log_density_wide(const struct mixture *mixture, const float *z);

/* Writes prior_slope [latent], which is d(-log p(z))/dz: the sum over k of responsibility_k (z - mu_k) / sigma_k^2.
 * `responsibility` is from mixture_log_density of the same z. */
void mixture_slope(const struct mixture *mixture, const float *z, const float *responsibility, float *prior_slope);

/* Adds to dheads [2 latent] `weight` times the gradient of -log N(z; mu_k, sigma_k^2) with respect to mu_k and
 * logvar_k. */
void mixture_gradient(const struct mixture *mixture, size_t k, const float *z, float weight, float *dheads);

/* Writes z [latent], draw number `item` of `seed`. */
void mixture_draw(const struct mixture *mixture, float *z, uint64_t seed, uint64_t item);

void mixture_free(struct mixture *mixture);

#endif
