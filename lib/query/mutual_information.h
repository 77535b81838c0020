/* SPDX-License-Identifier: MIT */
#ifndef QUERY_MUTUAL_INFORMATION_H
#define QUERY_MUTUAL_INFORMATION_H

#include "base/workers.h"

#include <stdint.h>

/* The mutual information I of latent and item, in nats, if N items are equally likely and z ~ q(z|x_n). The mean
 * KL is I + KL(q(z) || p(z)), where q(z) = 1/N sum over n of q(z|x_n): Hoffman and Johnson 2016. The estimate, with
 * one draw z_n ~ q(z|x_n) per item, is
 *     I = mean over n of [log q(z_n|x_n) - log 1/N sum over m of q(z_n|x_m)].
 * It keeps the posteriors of all items in memory, and computes N^2 densities. */
struct mutual_information {
    size_t latent, items;
    uint64_t seed;
    float *heads;    /* [items, 2 latent]: mu and logvar; owned */
    size_t capacity; /* items that `heads` has room for */
};

/* Starts without items. `seed`: that of the evaluator whose first draws are used. End with
 * mutual_information_end. */

void mutual_information_start(struct mutual_information *mutual, size_t latent, uint64_t seed);

/* Adds the posterior of the next item of the stream: heads [2 latent], mu and logvar, is copied. 0, or -1 if memory
 * runs out. */
int mutual_information_add(struct mutual_information *mutual, const float *heads)
    __attribute__((warn_unused_result));

/* Sets *value to the estimate of I, in nats, from at least one item. It uses the first draw that an evaluator with
 * the same seed makes of each item, and does not depend on the number of workers. 0, or -1 if memory runs out. */
int mutual_information_value(struct mutual_information *mutual, struct workers *workers, double *value)
    __attribute__((warn_unused_result));

void mutual_information_end(struct mutual_information *mutual);

#endif
