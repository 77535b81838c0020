/* SPDX-License-Identifier: MIT */
#ifndef DIST_LATENT_H
#define DIST_LATENT_H

#include <stddef.h>

/* The posterior q(z|x) = N(mu, diag sigma^2) of one item, and its KL from the prior p(z) = N(0, I). The encoder's
 * heads [2 latent] hold mu [latent], followed by logvar [latent] = log sigma^2. Other arrays are [latent] and
 * belong to the caller. Log densities and KL are in nats per item. No function fails. */

/* The encoder's logvar is clamped to +-bound, a property of the model: LOGVAR_BOUND, or LOGVAR_LIMIT in models of
 * before this bound existed. The backward pass ignores the clamping: it uses the gradient at the bound. With
 * LOGVAR_BOUND, sigma^2 is at most 4.9e8, whose square is far from the largest float, so that an encoder that
 * begins far off can be trained; sigma is at least 4.5e-5, which costs 10 nats of KL per latent. With LOGVAR_LIMIT,
 * Adam's second moments overflow in the first steps on numbers of about 1,000. */
#define LOGVAR_BOUND 20.0f
#define LOGVAR_LIMIT 80.0f /* the largest bound */

/* Returns logvar clamped to +-bound; NaN stays NaN. */
float latent_bounded(float logvar, float bound);

/* Clips logvar in `heads` to +-bound and writes sigma = exp(logvar / 2). The functions below take heads whose
 * logvar is clamped. Those that clip logvar themselves, to +-LOGVAR_LIMIT, say so: they take heads of a file. */
void latent_posterior(float *heads, float *sigma, float bound, size_t latent);

/* Returns KL(q || p), the sum over latents of (sigma^2 + mu^2 - 1 - logvar) / 2: Kingma and Welling 2014,
 * appendix B. */
double latent_kl(const float *heads, const float *sigma, size_t latent);

/* Returns the term of one latent in this sum. */
double latent_kl_of(float mu, float logvar, float sigma);

/* Returns the same sum with terms of at least `least` nats each. */
double latent_kl_above(const float *heads, const float *sigma, double least, size_t latent);

/* Writes z = mu + sigma epsilon, the reparametrisation. */
void latent_draw(const float *heads, const float *sigma, const float *epsilon, float *z, size_t latent);

/* The same, in place and without sigma: z holds epsilon before the call. Clips logvar itself, but not in heads. */
void latent_draw_from(const float *heads, float *z, size_t latent);

/* The backward pass of one draw. dz is the gradient of the loss with respect to z, dheads [2 latent] the one with
 * respect to mu and logvar. Adds to dheads:
 *     dmu += dz,   dlogvar += dz epsilon sigma / 2. */
void latent_draw_backward(const float *sigma, const float *epsilon, const float *dz, float *dheads, size_t latent);

/* Adds to dheads [2 latent] beta times the gradient of KL:
 *     dmu += beta mu,   dlogvar += beta (sigma^2 - 1) / 2.
 * Adds nothing for a latent whose own KL is below free_bits nats. */
void latent_kl_backward(const float *heads, const float *sigma, float beta, float free_bits, float *dheads,
                        size_t latent);

/* Adds to dheads [2 latent] beta times the gradient of minus the entropy of q: dlogvar += -beta / 2. */
void latent_entropy_backward(float beta, float *dheads, size_t latent);

/* Adds to dz `scale` times the gradient of log q(z|x) - log p(z) with respect to z, which is
 * prior_slope - epsilon / sigma. prior_slope is d(-log p(z))/dz, for N(0, I) z itself. */
void latent_path(const float *sigma, const float *epsilon, const float *prior_slope, float scale, float *dz,
                 size_t latent);

/* Adds to dheads [2 latent] `scale` times the score, the gradient of log q(z|x) with respect to mu and logvar for a
 * fixed z:
 *     dmu += scale epsilon / sigma,   dlogvar += scale (epsilon^2 - 1) / 2. */
void latent_score(const float *sigma, const float *epsilon, float scale, float *dheads, size_t latent);

/* Return -log q(z|x) at z = mu + sigma epsilon, and its mean over epsilon, the entropy of q. The constant
 * L/2 log(2 pi) is left out, where L is `latent`. */
double latent_minus_log_posterior(const float *heads, const float *epsilon, size_t latent);
double latent_entropy(const float *heads, size_t latent);

/* Returns log q(z|x) at its maximum z = mu, which is -1/2 sum of logvar, without the constant -L/2 log(2 pi).
 * Clips logvar itself; heads are unchanged. */
double latent_log_maximum(const float *heads, size_t latent);

/* Returns log p(z) - log q(z|x) at z = mu + sigma epsilon: the log importance weight without log p(x|z). */
double latent_log_ratio(const float *heads, const float *epsilon, const float *z, size_t latent);

#endif
