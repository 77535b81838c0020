#ifndef VAE_LATENT_H
#define VAE_LATENT_H

#include <stddef.h>

/* The posterior q(z|x) = N(mu, diag sigma^2) of one item, from the encoder's heads: mu [latent] and behind it
 * logvar [latent] = log sigma^2, and the prior p(z) = N(0, I). All sizes in numbers, all figures in nats. */

/* logvar is held within +-LOGVAR_BOUND, where exp cannot overflow; gradients pass as at the bound. */
#define LOGVAR_BOUND 80.0f

/* Bounds logvar in place and writes sigma [latent]. */
void latent_posterior(float *heads, float *sigma, size_t latent);

/* KL(q || p) = sum of (sigma^2 + mu^2 - 1 - logvar) / 2: Kingma and Welling 2014, appendix B. */
double latent_kl(const float *heads, const float *sigma, size_t latent);

/* Reparametrization: z = mu + sigma epsilon. */
void latent_draw(const float *heads, const float *sigma, const float *epsilon, float *z, size_t latent);

/* The gradient of -log p(x|z) + KL by mu and logvar, from dz, the gradient of -log p(x|z) by z:
 *     dmu = dz + mu,   dlogvar = (dz epsilon sigma + sigma^2 - 1) / 2. */
void latent_backward(const float *heads, const float *sigma, const float *epsilon, const float *dz, float *dheads,
                     size_t latent);

/* log p(z) - log q(z|x) at z = mu + sigma epsilon: the importance weight's share besides p(x|z). */
double latent_log_ratio(const float *heads, const float *epsilon, const float *z, size_t latent);

#endif
