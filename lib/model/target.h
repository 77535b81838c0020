/* SPDX-License-Identifier: MIT */
#ifndef MODEL_TARGET_H
#define MODEL_TARGET_H

#include "model/elbo.h"
#include <stddef.h>

/* A number t of each item, such as the solubility of a molecule, that a model predicts from z: joint training of
 * Gomez-Bombarelli et al. 2018. The model's head f(z) predicts (t - mean) / deviation, and p(t|z) = N(f(z), s^2),
 * with one s for all items, which is learned. NaN stands for a target that is not known. */
enum { TARGET_LAYERS = 8, TARGET_TEXT = TARGET_LAYERS * 6 + 1 };

struct target {
    size_t layers, units[TARGET_LAYERS]; /* the head's hidden layers, between z and its output */
    double mean, deviation;              /* of the known training targets; deviation 0: the model has no head;
                                          * otherwise from FLT_MIN to FLT_MAX */
};

#define TARGET_HIDDEN "64" /* the default */

/* Parses the hidden layers, a list of numbers of units or none. 0, or -1 with a message that begins with `name`. */
int target_parse_hidden(struct target *target, const char *name, const char *text)
    __attribute__((warn_unused_result));

/* Writes their list to `text`, and returns it. */
const char *target_hidden_text(const struct target *target, char text[TARGET_TEXT]);

/* Sets mean and deviation from the known ones of target [count], of the stream `name`. 0, or -1 if fewer than two
 * are known, if all are the same, or if the deviation is below FLT_MIN. */
int target_set_scale(struct target *target, const double *known, size_t count, const char *name)
    __attribute__((warn_unused_result));

/* Sums over the items whose target is known, in units of its standard deviation. */
struct target_sums {
    double count, log_likelihood, residual; /* residual: squared errors of the predictions */
    double mean, spread;                    /* of the targets; spread: squared differences from their mean */
};

/* Adds an item: log p(t|z) in nats, the standardised target, and the squared error of its prediction. */
void target_add(struct target_sums *sums, double log_likelihood, double target, double squared_error);

/* Adds the sums of other items: Chan, Golub and LeVeque 1979. */
void target_sums_merge(struct target_sums *sums, const struct target_sums *other);

/* Returns the figures of the sums. */
struct target_figures target_figures(const struct target_sums *sums);

#endif
