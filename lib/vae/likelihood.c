#include "vae/likelihood.h"

#include "base/number.h"
#include "nn/math_kernel.h"

#include <float.h>
#include <math.h>

static double bernoulli_negative_log(double sigma, const float *a, const float *x, float *gradient, size_t n) {
    (void)sigma;
    return math_kernel()->cross_entropy(a, x, gradient, n);
}

/* Held away from 0 and 1, where no logit is finite. */
static double bernoulli_start(double mean) {
    const double p = mean < 0.001 ? 0.001 : mean > 0.999 ? 0.999 : mean;
    return log(p / (1 - p));
}

static void bernoulli_mean(float *a, size_t n) {
    math_kernel()->sigmoid(a, n);
}

static void bernoulli_draw(double sigma, float *a, size_t n, struct noise noise) {
    (void)sigma;
    bernoulli_mean(a, n);
    noise_bernoulli(a, n, noise);
}

/* log p = -((x-a)/sigma)^2 / 2 - log sigma - log(2 pi) / 2 an element. */
static double gaussian_negative_log(double sigma, const float *a, const float *x, float *gradient, size_t n) {
    const double precision = 1 / (sigma * sigma);
    const double squares = math_kernel()->squared_error(a, x, (float)precision, gradient, n);
    return 0.5 * precision * squares + (double)n * (log(sigma) + 0.5 * log(2 * 3.14159265358979323846));
}

static double gaussian_start(double mean) {
    return mean;
}

static void gaussian_mean(float *a, size_t n) {
    (void)a;
    (void)n;
}

#define DRAW_BLOCK 1024 /* normals at a time */

static void gaussian_draw(double sigma, float *a, size_t n, struct noise noise) {
    float epsilon[DRAW_BLOCK];
    for (size_t i = 0; i < n; i += DRAW_BLOCK) {
        const size_t some = n - i < DRAW_BLOCK ? n - i : DRAW_BLOCK;
        noise.position = i;
        noise_normal(epsilon, some, noise);
        for (size_t j = 0; j < some; j++)
            a[i + j] += (float)sigma * epsilon[j];
    }
}

static const struct likelihood likelihoods[] = {
    {"bernoulli", false, true, 0.0f, 1.0f, "a number in [0,1] for bernoulli: scale the data, or use -l gaussian",
     bernoulli_negative_log, bernoulli_start, bernoulli_mean, bernoulli_draw},
    {"gaussian", true, false, -FLT_MAX, FLT_MAX, "a finite number", gaussian_negative_log, gaussian_start,
     gaussian_mean, gaussian_draw},
};

const struct likelihood *likelihood_find(const char *what, const char *name) {
    int i = parse_name(what, name, likelihoods, sizeof likelihoods / sizeof *likelihoods, sizeof *likelihoods);
    return i < 0 ? NULL : &likelihoods[i];
}
