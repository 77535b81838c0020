/* SPDX-License-Identifier: MIT */
#ifndef QUERY_MUTUAL_INFORMATION_H
#define QUERY_MUTUAL_INFORMATION_H

#include "base/workers.h"

#include <stdint.h>

/* The mutual information of latent and item under q(z|x_n) / N, N items equally likely: the first part of the mean
 * KL, of which the rest is KL(q(z) || p(z)) with q(z) = 1/N sum q(z|x_n), in Hoffman and Johnson 2016:
 *     I = mean over n of [log q(z_n|x_n) - log 1/N sum over m of q(z_n|x_m)],   z_n ~ q(z|x_n).
 * It needs every item's posterior at once, and N^2 densities. */
struct mutual_information {
    size_t latent, items;
    uint64_t seed;
    float *heads; /* [items, 2 latent]: mu and logvar, room for `capacity` */
    size_t capacity;
};

void mutual_information_start(struct mutual_information *mutual, size_t latent, uint64_t seed);

/* Adds the posterior of the next item of the stream, mu and logvar [2 latent]. 0 or -1. */
int mutual_information_add(struct mutual_information *mutual, const float *heads)
    __attribute__((warn_unused_result));

/* I of the items added, at least 1, in nats; from the first draw that an evaluator with this seed makes of each
 * item. It does not depend on the number of workers. 0 or -1. */
int mutual_information_value(struct mutual_information *mutual, struct workers *workers, double *value)
    __attribute__((warn_unused_result));

void mutual_information_end(struct mutual_information *mutual);

#endif
