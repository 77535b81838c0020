/* Likelihoods of real numbers: the normal and its kin, and those on [0,1]. */
#include "nn/math_kernel.h"
#include "vae/likelihood.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ANY_SCALE (1u << SCALE_FIXED | 1u << SCALE_SHARED | 1u << SCALE_PER_DIM | 1u << SCALE_NET)

static double bernoulli_negative_log(const struct distributions *d, const float *x, float *gradient,
                                     float *scale_gradient) {
    (void)scale_gradient;
    return math_kernel()->cross_entropy(d->a, x, gradient, d->n);
}

/* Held away from 0 and 1, where no logit is finite. */
static double bernoulli_start(double mean) {
    const double p = mean < 0.001 ? 0.001 : mean > 0.999 ? 0.999 : mean;
    return log(p / (1 - p));
}

static void copy(const struct distributions *d, float *x) {
    memmove(x, d->a, d->n * sizeof *x);
}

static void bernoulli_mean(const struct distributions *d, float *x) {
    copy(d, x);
    math_kernel()->sigmoid(x, d->n);
}

static void bernoulli_draw(const struct distributions *d, float *x, struct noise noise) {
    bernoulli_mean(d, x);
    noise_bernoulli(x, d->n, noise);
}

const struct likelihood likelihood_bernoulli = {
    .name = "bernoulli",
    .binary = true,
    .max = 1,
    .wanted = "a number in [0,1] for bernoulli: scale the data, or use -l gaussian",
    .negative_log = bernoulli_negative_log,
    .start = bernoulli_start,
    .mean = bernoulli_mean,
    .draw = bernoulli_draw,
};

static double location(double mean) {
    return mean;
}

static double gaussian_negative_log(const struct distributions *d, const float *x, float *gradient,
                                    float *scale_gradient) {
    return math_kernel()->gaussian(d->a, x, d->log_scale, d->inverse_scale, gradient, scale_gradient, d->n) +
           (double)d->n * HALF_LOG_2PI;
}

/* x becomes a + scale * x. */
static void spread(const struct distributions *d, size_t first, size_t n, float *x) {
    for (size_t i = first; i < first + n; i++)
        x[i - first] = d->a[i] + x[i - first] / d->inverse_scale[i];
}

static void gaussian_draw(const struct distributions *d, float *x, struct noise noise) {
    float epsilon[LIKELIHOOD_BLOCK];
    for (size_t i = 0; i < d->n; i += LIKELIHOOD_BLOCK, noise.position += LIKELIHOOD_BLOCK) {
        const size_t some = d->n - i < LIKELIHOOD_BLOCK ? d->n - i : LIKELIHOOD_BLOCK;
        noise_normal(epsilon, some, noise);
        spread(d, i, some, epsilon);
        memcpy(x + i, epsilon, some * sizeof *x);
    }
}

static double squared_error(const float *a, const float *x, size_t n) {
    return math_kernel()->squared_error(a, x, 1, NULL, n);
}

const struct likelihood likelihood_gaussian = {
    .name = "gaussian",
    .scales = ANY_SCALE | 1u << SCALE_OPTIMAL,
    .initial_sigma = 0.70710678118654757,
    .min = -FLT_MAX,
    .max = FLT_MAX,
    .wanted = "a finite number",
    .negative_log = gaussian_negative_log,
    .start = location,
    .mean = copy,
    .draw = gaussian_draw,
    .deviations = squared_error,
    .power = 2,
};
