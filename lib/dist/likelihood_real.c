/* SPDX-License-Identifier: MIT */
/* Likelihoods of real numbers: the normal and its kin, and those on [0,1]. */
#include "dist/likelihood.h"
#include "dist/special.h"
#include "kernel/density_kernel.h"
#include "kernel/math_kernel.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ANY_SCALE (1u << SCALE_FIXED | 1u << SCALE_SHARED | 1u << SCALE_PER_DIM | 1u << SCALE_NET)

static double bernoulli_negative_log(const struct distributions *d, const float *x, float *gradient,
                                     float *scale_gradient) {
    (void)scale_gradient;
    return density_kernel()->cross_entropy(d->a, x, gradient, d->n);
}

/* Returns log(1 + exp t). */
static double softplus(double t) {
    return fmax(t, 0) + log1p(exp(-fabs(t)));
}

static double bernoulli_negative_log_wide(double a, double x, double log_scale, double inverse_scale) {
    (void)log_scale, (void)inverse_scale;
    return softplus(a) - x * a;
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
    .wanted = "a number in [0,1] for bernoulli",
    .advice = "scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian",
    .negative_log = bernoulli_negative_log,
    .negative_log_wide = bernoulli_negative_log_wide,
    .start = bernoulli_start,
    .mean = bernoulli_mean,
    .mean_of = FUNCTION_SIGMOID,
    .draw = bernoulli_draw,
};

static double location(double mean) {
    return mean;
}

static double gaussian_negative_log(const struct distributions *d, const float *x, float *gradient,
                                    float *scale_gradient) {
    return density_kernel()->gaussian(d->a, x, d->log_scale, d->inverse_scale, gradient, scale_gradient, d->n) +
           (double)d->n * HALF_LOG_2PI;
}

static double gaussian_negative_log_wide(double a, double x, double log_scale, double inverse_scale) {
    const double d = (x - a) * inverse_scale;
    return 0.5 * d * d + log_scale + HALF_LOG_2PI;
}

/* x becomes a + scale * e, e drawn from the standard distribution by `take`. x may be a itself. */
static void draw_standard(const struct distributions *d, void (*take)(float *e, size_t n, struct noise noise),
                          float *x, struct noise noise) {
    float e[LIKELIHOOD_BLOCK];
    for (size_t i = 0; i < d->n; i += LIKELIHOOD_BLOCK, noise.position += LIKELIHOOD_BLOCK) {
        const size_t some = d->n - i < LIKELIHOOD_BLOCK ? d->n - i : LIKELIHOOD_BLOCK;
        take(e, some, noise);
        for (size_t j = 0; j < some; j++)
            x[i + j] = d->a[i + j] + e[j] / d->inverse_scale[i + j];
    }
}

static void gaussian_draw(const struct distributions *d, float *x, struct noise noise) {
    draw_standard(d, noise_normal, x, noise);
}

static double squared_error(const float *a, const float *x, size_t n) {
    return density_kernel()->squared_error(a, x, n);
}

const struct likelihood likelihood_gaussian = {
    .name = "gaussian",
    .scales = ANY_SCALE | 1u << SCALE_OPTIMAL,
    .initial_sigma = 0.70710678118654757,
    .min = -FLT_MAX,
    .max = FLT_MAX,
    .wanted = "a finite number",
    .negative_log = gaussian_negative_log,
    .negative_log_wide = gaussian_negative_log_wide,
    .start = location,
    .mean = copy,
    .draw = gaussian_draw,
    .deviations = squared_error,
    .power = 2,
};

#define LOG_2 0.69314718055994530942

static double laplace_negative_log(const struct distributions *d, const float *x, float *gradient,
                                   float *scale_gradient) {
    return density_kernel()->laplace(d->a, x, d->log_scale, d->inverse_scale, gradient, scale_gradient, d->n) +
           (double)d->n * LOG_2;
}

static double laplace_negative_log_wide(double a, double x, double log_scale, double inverse_scale) {
    return fabs(x - a) * inverse_scale + log_scale + LOG_2;
}

/* n uniforms inside (0, 1). */
static void uniform_inside(float *u, size_t n, struct noise noise) {
    noise_uniform(u, n, noise);
    for (size_t i = 0; i < n; i++)
        u[i] = u[i] < 0x1p-25f ? 0x1p-25f : u[i];
}

/* By the quantiles of uniforms, as the logistic ones below. */
static void standard_laplace(float *e, size_t n, struct noise noise) {
    uniform_inside(e, n, noise);
    for (size_t i = 0; i < n; i++)
        e[i] = e[i] < 0.5f ? logf(2 * e[i]) : -logf(2 * (1 - e[i]));
}

static void standard_logistic(float *e, size_t n, struct noise noise) {
    uniform_inside(e, n, noise);
    for (size_t i = 0; i < n; i++)
        e[i] = logf(e[i] / (1 - e[i]));
}

static void laplace_draw(const struct distributions *d, float *x, struct noise noise) {
    draw_standard(d, standard_laplace, x, noise);
}

static double absolute_error(const float *a, const float *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)fabsf(x[i] - a[i]);
    return sum;
}

const struct likelihood likelihood_laplace = {
    .name = "laplace",
    .scales = ANY_SCALE | 1u << SCALE_OPTIMAL,
    .initial_scale = SCALE_SHARED,
    .initial_sigma = 0.5,
    .min = -FLT_MAX,
    .max = FLT_MAX,
    .wanted = "a finite number",
    .negative_log = laplace_negative_log,
    .negative_log_wide = laplace_negative_log_wide,
    .start = location,
    .mean = copy,
    .draw = laplace_draw,
    .deviations = absolute_error,
    .power = 1,
};

static double continuous_negative_log(const struct distributions *d, const float *x, float *gradient,
                                      float *scale_gradient) {
    (void)scale_gradient;
    return density_kernel()->continuous_cross_entropy(d->a, x, gradient, d->n);
}

/* log((exp a - 1) / a) - x a. For a > 0 the quotient is exp a (1 - exp -a) / a. */
static double continuous_negative_log_wide(double a, double x, double log_scale, double inverse_scale) {
    (void)log_scale, (void)inverse_scale;
    if (fabs(a) < 1e-3)
        return 0.5 * a + a * a / 24 - x * a;
    return (a > 0 ? a + log(-expm1(-a) / a) : log(expm1(a) / a)) - x * a;
}

/* The mean is the slope of the log-normaliser. */
static double continuous_mean1(double a) {
    return fabs(a) < 1e-3 ? 0.5 + a / 12 : 1 / -expm1(-a) - 1 / a;
}

/* The mean's inverse, by halving: it rises with a. */
static double continuous_start(double mean) {
    double low = -100, high = 100;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        *(continuous_mean1(middle) < mean ? &low : &high) = middle;
    }
    return low;
}

static void continuous_mean(const struct distributions *d, float *x) {
    for (size_t i = 0; i < d->n; i++)
        x[i] = (float)continuous_mean1((double)d->a[i]);
}

/* The quantile log(1 + u (exp a - 1)) / a; of a positive a by way of -a, whose exponential cannot overflow. */
static float continuous_quantile(double a, double u) {
    if (fabs(a) < 1e-5)
        return (float)u;
    return (float)(a < 0 ? log1p(u * expm1(a)) / a : 1 + log1p((1 - u) * expm1(-a)) / a);
}

static void continuous_draw(const struct distributions *d, float *x, struct noise noise) {
    float u[LIKELIHOOD_BLOCK];
    for (size_t i = 0; i < d->n; i += LIKELIHOOD_BLOCK, noise.position += LIKELIHOOD_BLOCK) {
        const size_t some = d->n - i < LIKELIHOOD_BLOCK ? d->n - i : LIKELIHOOD_BLOCK;
        uniform_inside(u, some, noise);
        for (size_t j = 0; j < some; j++)
            x[i + j] = continuous_quantile((double)d->a[i + j], (double)u[j]);
    }
}

const struct likelihood likelihood_continuous_bernoulli = {
    .name = "cbernoulli",
    .max = 1,
    .wanted = "a number in [0,1] for cbernoulli",
    .advice = "scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian",
    .negative_log = continuous_negative_log,
    .negative_log_wide = continuous_negative_log_wide,
    .start = continuous_start,
    .mean = continuous_mean,
    .mean_of = FUNCTION_CONTINUOUS_MEAN,
    .draw = continuous_draw,
};

static double logistic_negative_log(const struct distributions *d, const float *x, float *gradient,
                                    float *scale_gradient) {
    return density_kernel()->logistic(d->a, x, d->log_scale, d->inverse_scale, gradient, scale_gradient, d->n);
}

/* As logistic1 in kernel/density_kernel.c. */
static double logistic_negative_log_wide(double a, double x, double log_scale, double inverse_scale) {
    const double d = (x - a) * inverse_scale, width = inverse_scale / 255;
    const bool first = x<0.5 / 255, last = x> 254.5 / 255;
    (void)log_scale;
    return (last ? 0 : softplus(-(d + 0.5 * width))) + (first ? 0 : softplus(d - 0.5 * width)) -
           (first || last ? 0 : log(-expm1(-width)));
}

/* Of the 256 levels' probabilities. */
static void logistic_mean(const struct distributions *d, float *x) {
    for (size_t i = 0; i < d->n; i++) {
        const double inverse = (double)d->inverse_scale[i], a = (double)d->a[i];
        double sum = 0; /* of P(level > k) */
        for (int k = 0; k < 255; k++)
            sum += 1 / (1 + exp(((k + 0.5) / 255 - a) * inverse));
        x[i] = (float)(sum / 255);
    }
}

static void logistic_draw(const struct distributions *d, float *x, struct noise noise) {
    draw_standard(d, standard_logistic, x, noise);
    for (size_t i = 0; i < d->n; i++)
        x[i] = rintf(255 * (x[i] < 0 ? 0 : x[i] > 1 ? 1 : x[i])) / 255;
}

const struct likelihood likelihood_logistic = {
    .name = "dlogistic",
    .scales = ANY_SCALE,
    .initial_scale = SCALE_SHARED,
    .initial_sigma = 0.1,
    .max = 1,
    .steps = 255,
    .wanted = "u8, or a multiple of 1/255 in [0,1], for dlogistic",
    .advice = "train with -l gaussian for other numbers",
    .negative_log = logistic_negative_log,
    .negative_log_wide = logistic_negative_log_wide,
    .start = location,
    .mean = logistic_mean,
    .mean_of = FUNCTION_LOGISTIC_MEAN,
    .draw = logistic_draw,
};
