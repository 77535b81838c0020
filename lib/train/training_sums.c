/* SPDX-License-Identifier: MIT */
#include "train/training_sums.h"

#include <string.h>

size_t training_sums_bytes(size_t latent) {
    return sizeof(struct training_sums) + latent * sizeof(struct latent_sums);
}

void training_sums_clear(struct training_sums *s, size_t latent) {
    memset(s, 0, training_sums_bytes(latent));
}

void training_sums_merge(struct training_sums *s, const struct training_sums *other, size_t latent) {
    s->reconstruction += other->reconstruction;
    s->kl += other->kl;
    s->bound += other->bound;
    s->deviations.sum += other->deviations.sum;
    s->deviations.count += other->deviations.count;
    target_sums_merge(&s->targets, &other->targets);
    for (size_t j = 0; j < latent; j++)
        latent_sums_merge(&s->latents[j], &other->latents[j]);
}
