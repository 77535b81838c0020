/* SPDX-License-Identifier: MIT */
#ifndef DIST_LATENT_H
#define DIST_LATENT_H

#include <stddef.h>

/* The posterior q(z|x) = N(mu, diag sigma^2) of one item, from the encoder's heads: mu [latent], followed by
 * logvar [latent] = log sigma^2, and the prior p(z) = N(0, I). All sizes in numbers, all figures in nats. */

/* logvar is held within +-LOGVAR_BOUND, where exp cannot overflow; gradients pass as at the bound. */
#define LOGVAR_BOUND 80.0f

float latent_bounded(float logvar);

/* Bounds logvar in place and writes sigma [latent]. */
void latent_posterior(float *heads, float *sigma, size_t latent);

/* KL(q || p) = sum of (sigma^2 + mu^2 - 1 - logvar) / 2: Kingma and Welling 2014, appendix B. */
double latent_kl(const float *heads, const float *sigma, size_t latent);

/* The term of one latent. */
double latent_kl_of(float mu, float logvar, float sigma);

/* Reparametrization: z = mu + sigma epsilon. */
void latent_draw(const float *heads, const float *sigma, const float *epsilon, float *z, size_t latent);

/* The same of heads whose sigma is not at hand: epsilon becomes z, in place. */
void latent_draw_from(const float *heads, float *z, size_t latent);

/* The backward pass of one draw: from dz, the gradient of the loss with respect to z, adds to dheads, the gradient
 * with respect to mu and logvar: dmu += dz,   dlogvar += dz epsilon sigma / 2. */
void latent_draw_backward(const float *sigma, const float *epsilon, const float *dz, float *dheads, size_t latent);

/* Adds beta times the gradient of KL: dmu += mu, dlogvar += (sigma^2 - 1) / 2; nothing for a latent whose own KL is
 * below free_bits. */
void latent_kl_backward(const float *heads, const float *sigma, float beta, float free_bits, float *dheads,
                        size_t latent);

/* Adds beta times the gradient of -entropy: dlogvar += -1/2. */
void latent_entropy_backward(float beta, float *dheads, size_t latent);

/* Adds to dz scale times the gradient of log q(z|x) - log p(z) with respect to z, which is prior_slope - epsilon /
 * sigma. prior_slope is d(-log p(z))/dz: z itself for N(0, I). */
void latent_path(const float *sigma, const float *epsilon, const float *prior_slope, float scale, float *dz,
                 size_t latent);

/* Adds to dheads scale times the score, the gradient of log q(z|x) with respect to mu and logvar with z held fixed:
 *     dmu += epsilon / sigma,   dlogvar += (epsilon^2 - 1) / 2. */
void latent_score(const float *sigma, const float *epsilon, float scale, float *dheads, size_t latent);

/* -log q(z|x) at z = mu + sigma epsilon, and its mean over epsilon, q's entropy; L/2 log(2 pi) left out. */
double latent_minus_log_posterior(const float *heads, const float *epsilon, size_t latent);
double latent_entropy(const float *heads, size_t latent);

/* log q(z|x) at z = mu, its maximum: -1/2 sum of logvar; L/2 log(2 pi) left out. */
double latent_log_maximum(const float *heads, size_t latent);

/* log p(z) - log q(z|x) at z = mu + sigma epsilon: the log importance weight without log p(x|z). */
double latent_log_ratio(const float *heads, const float *epsilon, const float *z, size_t latent);

#endif
