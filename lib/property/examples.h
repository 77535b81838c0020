/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_EXAMPLES_H
#define PROPERTY_EXAMPLES_H

#include "property/regression.h"

/* Latents whose property is known. A latent here is a vector of numbers, which are the latent's dimensions. A
 * dimension is active if its variance over the examples is above LATENT_ACTIVE_VARIANCE; only active ones are used.
 * They are standardised: from each its mean is subtracted, and the rest is divided by its standard deviation. */
struct examples {
    size_t count;   /* of the examples that are used; 0: they are standardised already */
    size_t items;   /* in the streams, at least as many */
    size_t latent;  /* numbers of a latent */
    size_t active;  /* of them, at least 1 */
    size_t *number; /* [active]: which ones, in ascending order; owned, like the others */
    double *mean;   /* [active] */
    double *scale;  /* [active], the standard deviation */
    double *point;  /* [count, active], standardised */
    double *target; /* [count], of which two differ by FLT_MIN or more; NULL: only the latents are known */
};

#define EXAMPLES_LEAST 10 /* fewer are refused */

/* Loads a stream of latents and a stream of their targets, which has one number per item; u8 are taken as they are.
 * If there are more than `most` items, `most` of them are used, evenly spread over the streams. 0, or -1 with a
 * message; end with examples_free in both cases. */
int examples_load(struct examples *examples, const char *latents, const char *targets, size_t most)
    __attribute__((warn_unused_result));

/* Loads only the latents, all of them, to say where data are; the first `usable` of their numbers may be active. 0
 * or -1; end with examples_free in both cases. */
int examples_load_latents(struct examples *examples, const char *latents, size_t usable)
    __attribute__((warn_unused_result));

/* No examples: the first `active` numbers of a latent are active, with the mean 0 and the deviation 1 of N(0, I). 0
 * or -1; end with examples_free in both cases. */
int examples_of_prior(struct examples *examples, size_t latent, size_t active) __attribute__((warn_unused_result));

void examples_free(struct examples *examples);

/* The examples for a regression. */
struct points examples_points(const struct examples *examples);

/* Sets point [active] to the standardised active numbers of z [latent]. */
void examples_standardise(const struct examples *examples, const float *z, double *point);

/* Sets *radius to a quantile, 0 to 1, of the distances of the standardised examples from their mean, 0; between two
 * of them by linear interpolation. 0, or -1 if memory runs out. */
int examples_radius(const struct examples *examples, double quantile, double *radius)
    __attribute__((warn_unused_result));

/* Returns the length of point [n]. */
double point_length(const double *point, size_t n);

#endif
