/* SPDX-License-Identifier: MIT */
#include "dist/likelihood.h"

#include "base/error.h"
#include "base/number.h"
#include "dist/segment.h"
#include "kernel/math_kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const struct likelihood *likelihood;
} likelihoods[] = {
    {&likelihood_bernoulli}, {&likelihood_gaussian},    {&likelihood_laplace}, {&likelihood_continuous_bernoulli},
    {&likelihood_logistic},  {&likelihood_categorical}, {&likelihood_poisson}, {&likelihood_negative_binomial},
};
#define LIKELIHOODS (sizeof likelihoods / sizeof *likelihoods)

const struct likelihood *likelihood_find(const char *what, const char *name) {
    const char *names[LIKELIHOODS];
    for (size_t i = 0; i < LIKELIHOODS; i++)
        names[i] = likelihoods[i].likelihood->name;
    const int found = parse_name(what, name, names, LIKELIHOODS, sizeof *names);
    return found < 0 ? NULL : likelihoods[found].likelihood;
}

const char *likelihood_name(size_t i) {
    return i < LIKELIHOODS ? likelihoods[i].likelihood->name : NULL;
}

bool likelihood_is_real(const struct likelihood *l) {
    return l->steps == 0 && l->min < -1 && l->max > 1;
}

const char *likelihood_with_scale(char text[LIKELIHOOD_NAMES]) {
    size_t count = 0, left = 0, used = 0;
    for (size_t i = 0; i < LIKELIHOODS; i++)
        left += likelihoods[i].likelihood->scales != 0;
    for (size_t i = 0; i < LIKELIHOODS; i++) {
        const struct likelihood *l = likelihoods[i].likelihood;
        if (l->scales == 0)
            continue;
        left--;
        used += (size_t)snprintf(text + used, LIKELIHOOD_NAMES - used, "%s%s",
                                 count++ == 0 ? ""
                                 : left == 0  ? " or "
                                              : ", ",
                                 l->name);
    }
    return text;
}

static const char *const scale_names[SCALES] = {"fixed", "shared", "per-dim", "net", "optimal"};

const char *scale_name(enum scale scale) {
    return scale_names[scale];
}

const char *likelihood_scale_text(enum scale scale, double sigma, char text[SCALE_TEXT]) {
    int digits = 1;
    if (scale != SCALE_FIXED) {
        snprintf(text, SCALE_TEXT, "%s", scale_names[scale]);
        return text;
    }
    do
        snprintf(text, SCALE_TEXT, "%.*g", digits, sigma);
    while (digits++ < 17 && strtod(text, NULL) != sigma);
    return text;
}

#define MIN_SIGMA 1e-6
#define MAX_SIGMA 1e6

int likelihood_scale(const struct likelihood *l, const char *what, const char *text, enum scale *scale,
                     double *sigma) {
    char words[64] = "";
    for (int i = SCALE_FIXED + 1; i < SCALES; i++) {
        if ((l->scales >> i & 1) == 0)
            continue;
        if (strcmp(text, scale_names[i]) == 0) {
            *scale = (enum scale)i;
            *sigma = l->initial_sigma;
            return 0;
        }
        snprintf(words + strlen(words), sizeof words - strlen(words), ", %s", scale_names[i]);
    }
    *scale = SCALE_FIXED;
    if (parse_real(what, text, MIN_SIGMA, MAX_SIGMA, sigma) < 0)
        return fail("%s: found '%s', wanted a number from %g to %g%s for %s", what, text, MIN_SIGMA, MAX_SIGMA,
                    words, l->name);
    return 0;
}

float log_scale_bounded(float log_scale) {
    return log_scale < -LOG_SCALE_BOUND  ? -LOG_SCALE_BOUND
           : log_scale > LOG_SCALE_BOUND ? LOG_SCALE_BOUND
                                         : log_scale;
}

float log_scale_gradient(float log_scale, float gradient) {
    const bool below = log_scale < -LOG_SCALE_BOUND && gradient > 0,
               above = log_scale > LOG_SCALE_BOUND && gradient < 0;
    return below || above ? 0 : gradient;
}

/* Some elements whose pairs have been parted. */
struct parted {
    float a[LIKELIHOOD_BLOCK], log_scale[LIKELIHOOD_BLOCK], inverse_scale[LIKELIHOOD_BLOCK];
    struct distributions d;
};

static void part(struct parted *p, const struct distributions *d, size_t first) {
    const float *pairs = d->a + 2 * first;
    const size_t n = d->n - first < LIKELIHOOD_BLOCK ? d->n - first : LIKELIHOOD_BLOCK;
    for (size_t i = 0; i < n; i++) {
        p->a[i] = pairs[2 * i];
        p->log_scale[i] = log_scale_bounded(pairs[2 * i + 1]);
        p->inverse_scale[i] = -p->log_scale[i];
    }
    math_kernel()->exp(p->inverse_scale, n);
    p->d = (struct distributions){
        .segment = d->segment, .a = p->a, .log_scale = p->log_scale, .inverse_scale = p->inverse_scale, .n = n};
}

static double sum_wide(const struct distributions *d, const float *x) {
    const bool has_scale = d->log_scale != NULL;
    double sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->segment->likelihood->negative_log_wide((double)d->a[i], (double)x[i],
                                                         has_scale ? (double)d->log_scale[i] : 0,
                                                         has_scale ? (double)d->inverse_scale[i] : 1);
    return sum;
}

/* Calls the likelihood's own function. */
static double negative_log(const struct distributions *d, const float *x, float *gradient, float *scale_gradient) {
    const struct likelihood *l = d->segment->likelihood;
    const double sum = l->negative_log(d, x, gradient, scale_gradient);
    return isfinite(sum) || gradient != NULL || l->negative_log_wide == NULL ? sum : sum_wide(d, x);
}

double likelihood_negative_log(const struct distributions *d, const float *x, float *gradient,
                               float *scale_gradient) {
    if (d->segment->scale != SCALE_NET)
        return negative_log(d, x, gradient, scale_gradient);
    struct parted p;
    float by_scale[LIKELIHOOD_BLOCK];
    double sum = 0;
    for (size_t first = 0; first < d->n; first += LIKELIHOOD_BLOCK) {
        const float *pairs = d->a + 2 * first;
        part(&p, d, first);
        if (gradient == NULL) {
            sum += negative_log(&p.d, x + first, NULL, NULL);
            continue;
        }
        sum += negative_log(&p.d, x + first, p.a, by_scale);
        for (size_t i = 0; i < p.d.n; i++) {
            const float log_scale = pairs[2 * i + 1];
            gradient[2 * (first + i)] = p.a[i];
            gradient[2 * (first + i) + 1] = log_scale_gradient(log_scale, by_scale[i]);
        }
    }
    return sum;
}

/* Whether the decoder gave finite numbers; if not, sets x [n] to NaN. */
static bool has_numbers(const struct distributions *d, float *x) {
    if (math_kernel()->finite(d->a, d->n * d->segment->outputs))
        return true;
    for (size_t i = 0; i < d->n; i++)
        x[i] = NAN;
    return false;
}

void likelihood_mean(const struct distributions *d, float *x) {
    const struct likelihood *l = d->segment->likelihood;
    struct parted p;
    if (!has_numbers(d, x))
        return;
    if (d->segment->scale != SCALE_NET) {
        l->mean(d, x);
        return;
    }
    for (size_t first = 0; first < d->n; first += LIKELIHOOD_BLOCK) {
        part(&p, d, first);
        l->mean(&p.d, x + first);
    }
}

void likelihood_draw(const struct distributions *d, float *x, struct noise noise) {
    const struct likelihood *l = d->segment->likelihood;
    struct parted p;
    if (!has_numbers(d, x))
        return;
    if (d->segment->scale != SCALE_NET) {
        l->draw(d, x, noise);
        return;
    }
    for (size_t first = 0; first < d->n; first += LIKELIHOOD_BLOCK) {
        part(&p, d, first);
        noise.position = first;
        l->draw(&p.d, x + first, noise);
    }
}
