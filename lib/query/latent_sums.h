/* SPDX-License-Identifier: MIT */
#ifndef QUERY_LATENT_SUMS_H
#define QUERY_LATENT_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What each latent is used for, from sums over items of its KL and its posterior mean. */

/* A figure's sums over items. */
struct tally {
    double sum, squares;
};

void tally_add(struct tally *tally, double value);

/* A figure's mean over `items`, and the standard error of it (NaN for fewer than 2 items). */
double tally_mean(const struct tally *tally, uint64_t items, double *standard_error);

/* Of one latent. */
struct latent_sums {
    double kl;
    struct tally mu;
};

/* Adds one item to the sums [latent], from mu and logvar, heads [2 latent], and sigma [latent]. */
void latent_sums_add(struct latent_sums *sums, const float *heads, const float *sigma, size_t latent);

/* What is said of one latent. It is active if its posterior mean varies over items by more than 0.01 (Burda et
 * al. 2016, section 5.2). */
struct latent_figures {
    double kl; /* mean over items, nats */
    bool active;
    double mean, variance; /* of the posterior mean, over items */
};

struct latent_figures latent_figures(const struct latent_sums *sums, uint64_t items);

/* How many of them are active. */
size_t latents_active(const struct latent_sums *sums, size_t latent, uint64_t items);

#endif
