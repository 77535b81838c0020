/* SPDX-License-Identifier: MIT */
#ifndef DIST_LIKELIHOOD_H
#define DIST_LIKELIHOOD_H

#include "base/noise.h"
#include "kernel/function.h"

#include <stdbool.h>
#include <stddef.h>

/* p(x|z): the distribution of an item's elements, independent given the decoder's output a. One entry of the table
 * in likelihood.c each. */

/* Where the scale of a likelihood that has one comes from: a number given; one number learned; one learned for each
 * element; a second output of the decoder for each element; the best for the batch, in closed form. */
enum scale { SCALE_FIXED, SCALE_SHARED, SCALE_PER_DIM, SCALE_NET, SCALE_OPTIMAL, SCALES };

/* A scale that is learned is kept within exp(+-this): an element that is always the same has no best one. */
#define LOG_SCALE_BOUND 7.0f

struct segment; /* dist/segment.h: a likelihood with its options, and its elements of an item */

/* The distributions of n elements of a segment. */
struct distributions {
    const struct segment *segment;
    const float *a; /* [n, outputs]; a likelihood's own functions never see SCALE_NET's log_scale in it */
    const float *log_scale, *inverse_scale; /* [n], log S and 1/S of a likelihood with scale S; else NULL */
    size_t n;
};

struct likelihood {
    const char *name;
    unsigned scales;          /* bits 1u << enum scale: where its scale may come from; 0: it has none */
    enum scale initial_scale; /* the default */
    double initial_sigma;     /* the default of a scale that is given, and where one that is learned begins */
    bool has_levels;          /* of an element: their number is an option */
    bool binary;              /* x is meant to be 0 or 1: on grey values the figure is a cross-entropy */
    bool raw_u8;              /* u8 elements are not divided by 255 */
    float min, max;           /* bounds of an element of x, both included; with levels, max is not used */
    float steps;              /* an element is a multiple of 1/steps, unless steps is 0 */
    const char *wanted;       /* the bounds and the steps in words; always there */
    const char *advice;       /* what to do about other finite floats; NULL: nothing */

    /* Per element: numbers that the decoder gives, without the scale; and numbers that the encoder reads. NULL: 1.
     */
    size_t (*outputs)(size_t levels);
    size_t (*inputs)(size_t levels);

    /* -log p(x|a) of n elements, nats, constants included. If they are not NULL, gradient becomes d(-log p)/da
     * (it may be a itself) and scale_gradient d(-log p)/d log_scale. */
    double (*negative_log)(const struct distributions *d, const float *x, float *gradient, float *scale_gradient);

    /* The same of one element, without gradients, in double: the sum of such terms of finite floats is finite. NULL
     * if negative_log computes in double itself. */
    double (*negative_log_wide)(double a, double x, double log_scale, double inverse_scale);

    /* The a whose p(x|a) has this mean. NULL if the mean does not determine it, or if there is no mean: --mean-bias
     * is then refused. */
    double (*start)(double mean);

    /* x [n] becomes the means, or draws. If there is no mean, `mean` gives what stands for it, such as the most
     * probable level or the median. */
    void (*mean)(const struct distributions *d, float *x);
    void (*draw)(const struct distributions *d, float *x, struct noise noise);

    /* The mean as a function of a, and what the encoder sees of x as one of x, for programs that are written from a
     * net. Not read if there are several outputs, or inputs, per element: the mean is then the most probable level,
     * and the input is one-hot. */
    enum function mean_of, encoding;

    /* What the encoder sees of x: [n, inputs]. NULL: x itself. */
    void (*encode)(const float *x, size_t n, size_t levels, float *encoder_input);

    /* The sum over n elements of |x - a|^power: the scale^power that makes -log p smallest is its mean. NULL if
     * there is no closed form; `scales` then has no bit of SCALE_OPTIMAL. */
    double (*deviations)(const float *a, const float *x, size_t n);
    double power;
};

/* The likelihood of that name; NULL with a message opened by `what`. */
const struct likelihood *likelihood_find(const char *what, const char *name);

/* Returns the name of the i-th likelihood, NULL after the last one. */
const char *likelihood_name(size_t i);

/* Returns whether an element may be any real number, so that data can be shifted and scaled. */
bool likelihood_is_real(const struct likelihood *likelihood);

/* The names of all likelihoods that have a scale, as "gaussian, laplace or negbin". */
#define LIKELIHOOD_NAMES 256
const char *likelihood_with_scale(char text[LIKELIHOOD_NAMES]);

/* "0.3", "shared", "per-dim", "net" or "optimal" -> where the scale comes from, and the number. 0, or -1 with a
 * message opened by `what`. */
int likelihood_scale(const struct likelihood *likelihood, const char *what, const char *text, enum scale *scale,
                     double *sigma) __attribute__((warn_unused_result));

const char *scale_name(enum scale scale);

/* The other way round: the name, or the number with as many digits as tell it from all others. */
#define SCALE_TEXT 32
const char *likelihood_scale_text(enum scale scale, double sigma, char text[SCALE_TEXT]);

/* negative_log, mean and draw of a segment's likelihood, wherever its scale comes from: with SCALE_NET a is [n, 2],
 * the second of each pair log_scale, and so is the gradient. Without a gradient a sum that overflows floats, as the
 * square of 1e20 does, is computed in double; with one it is not, since training must not go on from there. Mean
 * and draw are NaN throughout if some of a is not finite, which a draw or the most probable level may hide. */
double likelihood_negative_log(const struct distributions *d, const float *x, float *gradient,
                               float *scale_gradient);
void likelihood_mean(const struct distributions *d, float *x);
void likelihood_draw(const struct distributions *d, float *x, struct noise noise);

/* A learned log_scale within its bounds; and its gradient, 0 if it points out of the bounds. */
float log_scale_bounded(float log_scale);
float log_scale_gradient(float log_scale, float gradient);

/* The entries. bernoulli and continuous_bernoulli: a the logits. gaussian, laplace, logistic: a the location; the
 * last over the 256 levels of u8. poisson, negative_binomial: a the log of the mean. categorical: a the logits. */
extern const struct likelihood likelihood_bernoulli, likelihood_continuous_bernoulli, likelihood_gaussian,
    likelihood_laplace, likelihood_logistic, likelihood_poisson, likelihood_negative_binomial,
    likelihood_categorical;

#define LIKELIHOOD_MAX_LEVELS 4096 /* of an element */
#define LIKELIHOOD_BLOCK 1024      /* elements at a time, with scratch memory; a multiple of 4 for noise */

#endif
