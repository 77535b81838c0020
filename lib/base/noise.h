/* SPDX-License-Identifier: MIT */
#ifndef BASE_NOISE_H
#define BASE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Random numbers as a function of where they are used: (seed, purpose, item, draw) names a sequence, and a
 * position in it a value. Nothing is carried from call to call, so threads, batches and resumed runs cannot
 * change a value. The arithmetic is plain IEEE without fused operations: the bits are the same on every
 * machine, whatever vector instructions it has. */

enum purpose {                         /* a number once used is never given to another */
               PURPOSE_INITIAL = 1,    /* a model's first weights */
               PURPOSE_SHUFFLE = 2,    /* the order of items in an epoch */
               PURPOSE_BINARIZE = 3,   /* pixels drawn as 0 or 1 */
               PURPOSE_POSTERIOR = 4,  /* z ~ q(z|x) */
               PURPOSE_PRIOR = 5,      /* z ~ p(z) */
               PURPOSE_LIKELIHOOD = 6, /* x ~ p(x|z) */
               /* Training has its own: a model is never judged on the noise that it was trained on. */
               PURPOSE_TRAINING_BINARIZE = 7,
               PURPOSE_TRAINING_POSTERIOR = 8,
               PURPOSE_RESAMPLE = 9,  /* one of several draws */
               PURPOSE_COMPONENT = 10 /* one of a mixture's */
};

struct noise {
    uint64_t seed;
    enum purpose purpose; /* below 256 */
    uint64_t item;        /* an item's number in its stream or run */
    uint32_t draw;        /* the k-th draw for that item, below 2^24 */
    uint64_t position;    /* of the first value wanted, a multiple of 4 below 2^34 */
};

/* out[0..n): independent N(0,1), by Box and Muller's transform of Philox words; |value| < 6.7. */
void noise_normal(float *out, size_t n, struct noise noise);

/* out[0..n): independent and uniform on [0,1), multiples of 2^-24. */
void noise_uniform(float *out, size_t n, struct noise noise);

/* p[0..n): each becomes 1 with its own probability p[i], else 0. */
void noise_bernoulli(float *p, size_t n, struct noise noise);

/* A uniform whole number in [0, bound), 1 <= bound <= 2^32; its bias is below 2^-32. */
uint64_t noise_below(uint64_t bound, struct noise noise);

#endif
