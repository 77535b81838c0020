#ifndef VAE_LIKELIHOOD_H
#define VAE_LIKELIHOOD_H

#include "base/noise.h"

#include <stdbool.h>
#include <stddef.h>

/* p(x|z): the distribution of an item's elements, independent given the decoder's output a (one number an
 * element). One entry of the table in likelihood.c each. */
struct likelihood {
    const char *name;
    bool has_sigma;     /* takes a fixed standard deviation */
    bool binary;        /* x is meant to be 0 or 1: on grey values the figure is a cross-entropy */
    float min, max;     /* what an element of x may be */
    const char *wanted; /* the same in words, and what to do about it */

    /* -log p(x|a) of one item of n elements, nats, constants included. Where gradient is not NULL,
     * gradient[i] = d(-log p)/da[i]; it may be a itself. */
    double (*negative_log)(double sigma, const float *a, const float *x, float *gradient, size_t n);

    /* The a whose p(x|a) has this mean. */
    double (*start)(double mean);

    /* a becomes the mean of p(x|a), in place. */
    void (*mean)(float *a, size_t n);

    /* a becomes a draw from p(x|a), in place. */
    void (*draw)(double sigma, float *a, size_t n, struct noise noise);
};

/* bernoulli: a the logits, x in [0,1]; where x is not 0 or 1 the figure is a cross-entropy.
 * gaussian: a the means, sigma fixed. NULL with a message opened by `what`. */
const struct likelihood *likelihood_find(const char *what, const char *name);

#endif
