/* SPDX-License-Identifier: MIT */
#ifndef QUERY_LATENT_SUMS_H
#define QUERY_LATENT_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Statistics of each latent, from sums over items of its KL and its posterior mean. */

/* The sums of a figure and of its square over items. */
struct tally {
    double sum, squares;
};

/* Adds the figure of one item. */
void tally_add(struct tally *tally, double value);

/* Returns the mean over `items` items, and writes its standard error, NaN for fewer than 2 items. */
double tally_mean(const struct tally *tally, uint64_t items, double *standard_error);

/* The sums of one latent: its KL in nats, and its posterior mean. */
struct latent_sums {
    double kl;
    struct tally mu;
};

/* Adds one item to sums [latent], from its heads [2 latent], mu and logvar, and its sigma [latent]. */
void latent_sums_add(struct latent_sums *sums, const float *heads, const float *sigma, size_t latent);

/* Adds the sums of other items of the same latent. */
void latent_sums_merge(struct latent_sums *sums, const struct latent_sums *other);

/* A latent is active if its posterior mean has a variance over items above this: Burda et al. 2016, section 5.2. */
#define LATENT_ACTIVE_VARIANCE 0.01

/* The statistics of one latent. */
struct latent_figures {
    double kl; /* mean over items, in nats */
    bool active;
    double mean, variance; /* of the posterior mean, over items; the variance divides by their number */
};

/* Returns the statistics from the sums over `items` items, at least 1. */
struct latent_figures latent_figures(const struct latent_sums *sums, uint64_t items);

/* Returns how many of the latents with these sums [latent] are active. */
size_t latents_active(const struct latent_sums *sums, size_t latent, uint64_t items);

#endif
