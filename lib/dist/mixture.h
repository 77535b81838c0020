/* SPDX-License-Identifier: MIT */
#ifndef DIST_MIXTURE_H
#define DIST_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

/* A mixture of K normal distributions of z in equal shares, p(z) = 1/K sum over k of N(z; mu_k, diag sigma_k^2):
 * what the VampPrior is, its components being the posteriors of K pseudo-inputs (Tomczak and Welling 2018). Log
 * densities are in nats and leave out L/2 log(2 pi), as those of a posterior do that they are set against. */
struct mixture {
    size_t components, latent;
    const float *heads; /* [components, 2 latent]: mu, followed by logvar; set by the caller, not owned */
    float *precision;   /* [components, latent]: 1 / sigma^2 */
    double *log_scale;  /* [components]: -log K - 1/2 sum of logvar */
};

/* Allocates for K components of `latent` numbers; the rest is mixture_refresh's. 0 or -1; end with mixture_free. */
int mixture_create(struct mixture *mixture, size_t components, size_t latent) __attribute__((warn_unused_result));

/* Has its components [first, first + count) be those of `heads`, which must stay as they are; others are not
 * touched, so that threads may share the work. */
void mixture_refresh(struct mixture *mixture, size_t first, size_t count);

/* Returns log p(z); responsibility [components] becomes p(k given z). */
double mixture_log_density(const struct mixture *mixture, const float *z, float *responsibility);

/* prior_slope [latent] becomes d(-log p(z))/dz: the sum over k of responsibility_k (z - mu_k) / sigma_k^2. */
void mixture_slope(const struct mixture *mixture, const float *z, const float *responsibility, float *prior_slope);

/* Adds to dheads [2 latent] `weight` times the gradient of -log N(z; mu_k, sigma_k^2) with respect to mu_k and
 * logvar_k. */
void mixture_gradient(const struct mixture *mixture, size_t k, const float *z, float weight, float *dheads);

/* z [latent], item number `item` of those drawn with `seed`. */
void mixture_draw(const struct mixture *mixture, float *z, uint64_t seed, uint64_t item);

void mixture_free(struct mixture *mixture);

#endif
