/* SPDX-License-Identifier: MIT */
#include "query/latent_sums.h"

#include "dist/latent.h"

#include <math.h>

void tally_add(struct tally *t, double value) {
    t->sum += value;
    t->squares += value * value;
}

double tally_mean(const struct tally *t, uint64_t items, double *standard_error) {
    const double n = (double)items, mean = t->sum / n, variance = (t->squares - n * mean * mean) / (n - 1);
    *standard_error = items < 2 ? NAN : sqrt(fmax(variance, 0) / n);
    return mean;
}

void latent_sums_add(struct latent_sums *sums, const float *heads, const float *sigma, size_t latent) {
    for (size_t j = 0; j < latent; j++) {
        sums[j].kl += latent_kl_of(heads[j], heads[latent + j], sigma[j]);
        tally_add(&sums[j].mu, (double)heads[j]);
    }
}

void latent_sums_merge(struct latent_sums *s, const struct latent_sums *other) {
    s->kl += other->kl;
    s->mu.sum += other->mu.sum;
    s->mu.squares += other->mu.squares;
}

struct latent_figures latent_figures(const struct latent_sums *s, uint64_t items) {
    const double n = (double)items, mean = s->mu.sum / n, variance = s->mu.squares / n - mean * mean;
    return (struct latent_figures){s->kl / n, variance > LATENT_ACTIVE_VARIANCE, mean, fmax(variance, 0)};
}

size_t latents_active(const struct latent_sums *sums, size_t latent, uint64_t items) {
    size_t active = 0;
    for (size_t i = 0; i < latent; i++)
        active += latent_figures(&sums[i], items).active;
    return active;
}
