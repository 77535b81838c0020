/* SPDX-License-Identifier: MIT */
/* Likelihoods of whole numbers: counts, and categories. */
#include "dist/segment.h"
#include "dist/special.h"
#include "kernel/density_kernel.h"
#include "kernel/math_kernel.h"

#include <math.h>
#include <string.h>

#define MAX_COUNT 16777216.0f /* up to here floats have every whole number */

/* The encoder sees log(1 + x). */
static void encode_counts(const float *x, size_t n, size_t levels, float *encoder_input) {
    (void)levels;
    for (size_t i = 0; i < n; i++)
        encoder_input[i] = log1pf(x[i]);
}

/* Held away from 0, whose logarithm is not finite. */
static double count_start(double mean) {
    return log(mean < 0.001 ? 0.001 : mean);
}

static void count_mean(const struct distributions *d, float *x) {
    memmove(x, d->a, d->n * sizeof *x);
    math_kernel()->exp(x, d->n);
}

/* -log p = exp a - x a + log x!. */
static double poisson_negative_log(const struct distributions *d, const float *x, float *gradient,
                                   float *scale_gradient) {
    double sum = 0;
    (void)scale_gradient;
    for (size_t i = 0; i < d->n; i++) {
        const double a = (double)d->a[i], count = (double)x[i], mean = exp(a);
        sum += mean - count * a + log_factorial(count);
        if (gradient != NULL)
            gradient[i] = (float)(mean - count);
    }
    return sum;
}

/* With mean m = exp a, dispersion s and r = 1/s:
 * -log p = log x! - log(Gamma(x + r) / Gamma(r)) + r log(1 + m/r) + x log(1 + r/m). */
static double negative_binomial_negative_log(const struct distributions *d, const float *x, float *gradient,
                                             float *scale_gradient) {
    double sum = 0, slope;
    for (size_t i = 0; i < d->n; i++) {
        const double m = exp((double)d->a[i]), r = (double)d->inverse_scale[i], count = (double)x[i];
        const double few = log1p(m / r), many = count == 0 ? 0 : count * log1p(r / m);
        sum += log_factorial(count) - log_rising(count, r, &slope) + r * few + many;
        if (gradient != NULL)
            gradient[i] = (float)((m - count) / (1 + m / r));
        if (scale_gradient != NULL)
            scale_gradient[i] = (float)(r * (slope - few + (m - count) / (r + m)));
    }
    return sum;
}

/* One element's own sequence of uniforms, which rejection takes as many of as it needs. */
struct sequence {
    struct noise noise;
    unsigned used;
    float u[4];
};

static struct sequence sequence_of(struct noise noise, size_t element) {
    noise.position = 4 * (noise.position + element);
    return (struct sequence){.noise = noise};
}

/* Inside (0, 1), of 48 bits. */
static double next_uniform(struct sequence *s) {
    if (s->used % 4 == 0) {
        noise_uniform(s->u, 4, s->noise);
        s->noise.draw++;
        s->used = 0;
    }
    const double high = (double)s->u[s->used], low = (double)s->u[s->used + 1];
    s->used += 2;
    return high + (low + 0x1p-25) * 0x1p-24;
}

static double next_normal(struct sequence *s) {
    const double radius = sqrt(-2 * log(next_uniform(s)));
    return radius * cos(6.28318530717958647693 * next_uniform(s));
}

/* Small means: as many factors as stay above exp(-mean), Knuth. Others: transformed rejection, Hoermann 1993,
 * algorithm PTRS. NaN if the mean is not finite: nothing would ever be accepted. */
static double draw_poisson(double mean, struct sequence *s) {
    if (!isfinite(mean))
        return NAN;
    if (mean < 10) {
        const double end = exp(-mean);
        double product = next_uniform(s), count = 0;
        for (; product > end; count++)
            product *= next_uniform(s);
        return count;
    }
    const double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = next_uniform(s) - 0.5, v = next_uniform(s), edge = 0.5 - fabs(u);
        const double count = floor((2 * a / edge + b) * u + mean + 0.43);
        if (edge >= 0.07 && v <= squeeze)
            return count;
        if (count < 0 || (edge < 0.013 && v > edge))
            continue;
        if (log(v * inverse_alpha / (a / (edge * edge) + b)) <= count * log(mean) - mean - log_factorial(count))
            return count;
    }
}

/* Gamma of that shape and scale 1: Marsaglia and Tsang 2000. */
static double draw_gamma(double shape, struct sequence *s) {
    if (shape < 1) {
        const double u = next_uniform(s);
        return draw_gamma(shape + 1, s) * pow(u, 1 / shape);
    }
    const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = next_normal(s), root = 1 + c * x, v = root * root * root;
        if (root > 0 && log(next_uniform(s)) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}

static void poisson_draw(const struct distributions *d, float *x, struct noise noise) {
    for (size_t i = 0; i < d->n; i++) {
        struct sequence s = sequence_of(noise, i);
        x[i] = (float)draw_poisson(exp((double)d->a[i]), &s);
    }
}

/* A Poisson whose mean is drawn from a gamma. */
static void negative_binomial_draw(const struct distributions *d, float *x, struct noise noise) {
    for (size_t i = 0; i < d->n; i++) {
        struct sequence s = sequence_of(noise, i);
        const double r = (double)d->inverse_scale[i];
        x[i] = (float)draw_poisson(exp((double)d->a[i]) * draw_gamma(r, &s) / r, &s);
    }
}

const struct likelihood likelihood_poisson = {
    .name = "poisson",
    .raw_u8 = true,
    .max = MAX_COUNT,
    .steps = 1,
    .wanted = "a count, 0 to 16777216, for poisson",
    .advice = "train with -l gaussian for other numbers",
    .negative_log = poisson_negative_log,
    .start = count_start,
    .mean = count_mean,
    .mean_of = FUNCTION_EXP,
    .draw = poisson_draw,
    .encode = encode_counts,
    .encoding = FUNCTION_LOG1P,
};

const struct likelihood likelihood_negative_binomial = {
    .name = "negbin",
    .scales = 1u << SCALE_FIXED | 1u << SCALE_SHARED | 1u << SCALE_PER_DIM | 1u << SCALE_NET,
    .initial_scale = SCALE_SHARED,
    .initial_sigma = 1,
    .raw_u8 = true,
    .max = MAX_COUNT,
    .steps = 1,
    .wanted = "a count, 0 to 16777216, for negbin",
    .advice = "train with -l gaussian for other numbers",
    .negative_log = negative_binomial_negative_log,
    .start = count_start,
    .mean = count_mean,
    .mean_of = FUNCTION_EXP,
    .draw = negative_binomial_draw,
    .encode = encode_counts,
    .encoding = FUNCTION_LOG1P,
};

/* The level x, or `levels` if x is not one: mapped data may change after it was checked. */
static size_t level_of(float x, size_t levels) {
    return x >= 0 && x < (float)levels ? (size_t)x : levels;
}

/* -log p = log(sum of exp a) - a_x. */
static double categorical_negative_log(const struct distributions *d, const float *x, float *gradient,
                                       float *scale_gradient) {
    const size_t levels = d->segment->levels;
    float p[LIKELIHOOD_MAX_LEVELS];
    double sum = 0;
    (void)scale_gradient;
    for (size_t i = 0; i < d->n; i++) {
        const float *a = d->a + i * levels;
        const size_t level = level_of(x[i], levels);
        const double logit = level < levels ? (double)a[level] : NAN;
        memcpy(p, a, levels * sizeof *p);
        sum += density_kernel()->softmax(p, levels) - logit;
        if (gradient == NULL)
            continue;
        if (level < levels)
            p[level] -= 1;
        memcpy(gradient + i * levels, p, levels * sizeof *p);
    }
    return sum;
}

/* Categories have no mean: the most probable one, the first of equal ones. */
static void categorical_mean(const struct distributions *d, float *x) {
    const size_t levels = d->segment->levels;
    for (size_t i = 0; i < d->n; i++) {
        const float *a = d->a + i * levels;
        size_t best = 0;
        for (size_t k = 1; k < levels; k++)
            best = a[k] > a[best] ? k : best;
        x[i] = (float)best;
    }
}

static void categorical_draw(const struct distributions *d, float *x, struct noise noise) {
    const size_t levels = d->segment->levels;
    float p[LIKELIHOOD_MAX_LEVELS];
    for (size_t i = 0; i < d->n; i++) {
        struct sequence s = sequence_of(noise, i);
        double left = next_uniform(&s);
        size_t level = 0;
        memcpy(p, d->a + i * levels, levels * sizeof *p);
        density_kernel()->softmax(p, levels);
        for (; level < levels - 1 && left >= (double)p[level]; level++)
            left -= (double)p[level];
        x[i] = (float)level;
    }
}

/* One-hot: 1 at the level, 0 at the others; all 0 if x is NaN or not a level. */
static void encode_levels(const float *x, size_t n, size_t levels, float *encoder_input) {
    memset(encoder_input, 0, n * levels * sizeof *encoder_input);
    for (size_t i = 0; i < n; i++) {
        const size_t level = level_of(x[i], levels);
        if (level < levels)
            encoder_input[i * levels + level] = 1;
    }
}

static size_t one_per_level(size_t levels) {
    return levels;
}

const struct likelihood likelihood_categorical = {
    .name = "categorical",
    .has_levels = true,
    .outputs = one_per_level,
    .inputs = one_per_level,
    .raw_u8 = true,
    .steps = 1,
    .wanted = "a whole number below --levels",
    .negative_log = categorical_negative_log,
    .mean = categorical_mean,
    .draw = categorical_draw,
    .encode = encode_levels,
};
