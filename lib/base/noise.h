/* SPDX-License-Identifier: MIT */
#ifndef BASE_NOISE_H
#define BASE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Random numbers as a function of the place of their use: (seed, purpose, item, draw) selects a sequence, and the
 * position selects a value in it. There is no state between calls, so threads, batches and resumed runs cannot
 * change a value. The arithmetic is IEEE without fused operations: the bits are the same on every machine, with any
 * vector instructions. */

enum purpose {                         /* a number is never reused for another purpose */
               PURPOSE_INITIAL = 1,    /* a model's initial weights */
               PURPOSE_SHUFFLE = 2,    /* the order of items in an epoch */
               PURPOSE_BINARIZE = 3,   /* pixels drawn as 0 or 1 */
               PURPOSE_POSTERIOR = 4,  /* z ~ q(z|x) */
               PURPOSE_PRIOR = 5,      /* z ~ p(z) */
               PURPOSE_LIKELIHOOD = 6, /* x ~ p(x|z) */
               /* Training has its own noise: a model is never evaluated with the noise of its training. */
               PURPOSE_TRAINING_BINARIZE = 7,
               PURPOSE_TRAINING_POSTERIOR = 8,
               PURPOSE_RESAMPLE = 9,      /* one of several draws */
               PURPOSE_COMPONENT = 10,    /* the component of a mixture */
               PURPOSE_SPLIT = 11,        /* on which side of a division an item is */
               PURPOSE_ORDER = 12,        /* a random order of a stream's items */
               PURPOSE_VALIDATION = 13,   /* the items that are validated with, see vae-train --val */
               PURPOSE_AUGMENT = 14,      /* how training items are shifted and mirrored */
               PURPOSE_WORD_DROPOUT = 15, /* which tokens a recurrent decoder does not see in training */
               PURPOSE_FOLDS = 16,        /* the order of examples in cross-validation */
               PURPOSE_DIRECTION = 17     /* in which direction a latent is moved */
};

struct noise {
    uint64_t seed;
    enum purpose purpose; /* below 256 */
    uint64_t item;        /* an item's number in its stream or run */
    uint32_t draw;        /* the number of the draw for that item, below 2^24 */
    uint64_t position;    /* of the first value, a multiple of 4 below 2^34 */
};

/* Sets out[0..n) to independent draws from N(0,1), by the Box-Muller transform of Philox words; |value| < 6.7. */
void noise_normal(float *out, size_t n, struct noise noise);

/* Sets out[0..n) to independent uniform draws from [0,1), multiples of 2^-24. */
void noise_uniform(float *out, size_t n, struct noise noise);

/* Sets each of p[0..n) to 1 with its own probability p[i], else to 0. */
void noise_bernoulli(float *p, size_t n, struct noise noise);

/* Returns a uniform whole number in [0, bound), 1 <= bound <= 2^32; its bias is below 2^-32. */
uint64_t noise_below(uint64_t bound, struct noise noise);

#endif
