/* SPDX-License-Identifier: MIT */
/* Densities against closed forms and integrals, draws against means, KL against an integral. */
#include "dist/latent.h"
#include "dist/likelihood.h"
#include "dist/prior.h"
#include "dist/segment.h"
#include "model/item_input.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define LEVELS 5
#define DRAWS 40000

static const double pi = 3.14159265358979323846;

static struct segment segment_of(const char *name, enum scale scale, size_t elements) {
    struct segment s = {
        .likelihood = likelihood_find("test", name), .scale = scale, .levels = LEVELS, .elements = elements};
    segment_lay_out(&s);
    return s;
}

/* One element's -log p(x|a). */
static double negative_log(const char *name, double scale, const float *a, float x) {
    const float log_scale = (float)log(scale), inverse_scale = (float)(1 / scale);
    const struct segment s = segment_of(name, SCALE_FIXED, 1);
    return s.likelihood->negative_log(&(struct distributions){&s, a, &log_scale, &inverse_scale, 1}, &x, NULL,
                                      NULL);
}

static double mean(const char *name, double scale, const float *a) {
    const float log_scale = (float)log(scale), inverse_scale = (float)(1 / scale);
    float x;
    const struct segment s = segment_of(name, SCALE_FIXED, 1);
    s.likelihood->mean(&(struct distributions){&s, a, &log_scale, &inverse_scale, 1}, &x);
    return (double)x;
}

static void bernoulli_is_its_probability(void) {
    for (double logit = -8; logit <= 8; logit += 0.5) {
        const float a = (float)logit;
        const double p = 1 / (1 + exp(-logit));
        EXPECT(fabs(negative_log("bernoulli", 1, &a, 1) + log(p)) < 1e-6 * (1 - log(p)), "p(1) at %g", logit);
        EXPECT(fabs(negative_log("bernoulli", 1, &a, 0) + log1p(-p)) < 1e-6 * (1 - log1p(-p)), "p(0) at %g", logit);
        EXPECT(fabs(mean("bernoulli", 1, &a) - p) < 2e-7, "mean at %g", logit);
    }
}

/* The density with its constants: it integrates to 1, and is right at its top. */
static void gaussian_is_a_density(void) {
    for (double sigma = 0.1; sigma < 5; sigma *= 2.3) {
        const float a = 0.3f;
        double integral = 0;
        const double step = sigma / 100;
        for (int i = -1000; i <= 1000; i++)
            integral += exp(-negative_log("gaussian", sigma, &a, (float)((double)a + i * step))) * step;
        EXPECT(fabs(integral - 1) < 1e-4, "sigma %g: integral %g", sigma, integral);
        const double top = negative_log("gaussian", sigma, &a, a);
        EXPECT(fabs(top - 0.5 * log(2 * pi * sigma * sigma)) < 1e-6, "sigma %g: -log density %g at the mean", sigma,
               top);
    }
}

/* The default sigma's promise: -log p = ||x - a||^2 and a constant. */
static void sigma_of_sqrt_half_is_squared_error(void) {
    const float a[3] = {0.5f, -1, 2};
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += negative_log("gaussian", likelihood_find("test", "gaussian")->initial_sigma, &a[i], 1);
    EXPECT(fabs(sum - 3 * 0.5 * log(pi) - 5.25) < 1e-5, "%g", sum);
}

static void laplace_is_a_density(void) {
    const float a = -0.7f;
    for (double b = 0.1; b < 5; b *= 2.3) {
        double integral = 0;
        const double step = b / 200;
        for (int i = -4000; i <= 4000; i++) {
            const double off = i * step, found = negative_log("laplace", b, &a, (float)((double)a + off));
            EXPECT(fabs(found - log(2 * b) - fabs(off) / b) < 1e-5, "b %g, off %g: %g", b, off, found);
            integral += exp(-found) * step;
        }
        EXPECT(fabs(integral - 1) < 1e-4, "b %g: integral %g", b, integral);
    }
}

/* The published form, with its constant C(lambda) as a quotient, whose limit at lambda = 1/2 is 2; its integral. */
static void continuous_bernoulli_is_a_density(void) {
    for (double logit = -30; logit <= 30; logit += logit > -2 && logit < 1.9 ? 0.01 : 0.25) {
        const float a = (float)logit;
        const double lambda = 1 / (1 + exp(-(double)a)), off = 1 - 2 * lambda;
        const double constant = fabs(off) < 1e-5 ? log(2.0) : log(2 * atanh(off) / off);
        double integral = 0, first = 0;
        for (int i = 0; i < 2000; i++) {
            const double x = (i + 0.5) / 2000, found = negative_log("cbernoulli", 1, &a, (float)x);
            const double wanted = -constant - x * log(lambda) - (1 - x) * log1p(-lambda);
            EXPECT(fabs(lambda - 0.5) > 0.499999 || fabs(found - wanted) < 3e-6 * (1 + fabs(wanted)),
                   "at %g, %g: %.8g, wanted %.8g", logit, x, found, wanted);
            integral += exp(-found) / 2000;
            first += x * exp(-found) / 2000;
        }
        EXPECT(fabs(integral - 1) < 3e-5, "at %g: integral %g", logit, integral);
        EXPECT(fabs(first - mean("cbernoulli", 1, &a)) < 3e-5, "at %g: mean %g, wanted %g", logit,
               mean("cbernoulli", 1, &a), first);
        const struct likelihood *l = likelihood_find("test", "cbernoulli");
        EXPECT(fabs(l->start(mean("cbernoulli", 1, &a)) - logit) < 1e-4 * (1 + logit * logit), "start at %g",
               logit);
    }
}

/* The levels' probabilities are differences of the distribution function, and their sum is 1; so far out that a
 * difference is 0 in double, -log p still grows with the distance. */
static void logistic_levels_are_differences(void) {
    for (double s = 0.001; s < 20; s *= 3)
        for (double m = -0.5; m < 1.6; m += 0.21) {
            const float a = (float)m;
            double sum = 0, first = 0;
            for (int k = 0; k < 256; k++) {
                const double u = ((k + 0.5) / 255 - (double)a) / s, v = ((k - 0.5) / 255 - (double)a) / s;
                const double p = exp(-negative_log("dlogistic", s, &a, (float)k / 255));
                const double wanted = u < 0 ? (k == 255 ? 1 : 1 / (1 + exp(-u))) - (k == 0 ? 0 : 1 / (1 + exp(-v)))
                                            : (k == 0 ? 1 : 1 / (1 + exp(v))) - (k == 255 ? 0 : 1 / (1 + exp(u)));
                EXPECT(fabs(p - wanted) < 3e-4 * wanted + 1e-9, "s %g, a %g, k %d: %g, wanted %g", s, m, k, p,
                       wanted);
                sum += p;
                first += p * k / 255;
            }
            EXPECT(fabs(sum - 1) < 3e-4, "s %g, a %g: sum %g", s, m, sum);
            EXPECT(fabs(first - mean("dlogistic", s, &a)) < 3e-4, "s %g, a %g: mean %g", s, m, first);
        }
    const float far = 100;
    EXPECT(fabs(negative_log("dlogistic", 0.01, &far, 0.4f) - 9960) < 10, "far: %g",
           negative_log("dlogistic", 0.01, &far, 0.4f));
}

static void categorical_is_its_softmax(void) {
    const float a[LEVELS] = {0.5f, -3, 2, 90, 88};
    double all = 0, sum = 0;
    for (int k = 0; k < LEVELS; k++)
        all += exp((double)a[k] - 90);
    for (int k = 0; k < LEVELS; k++) {
        const double found = negative_log("categorical", 1, a, (float)k);
        EXPECT(fabs(found - log(all) - 90 + (double)a[k]) < 2e-5, "level %d: %g", k, found);
        sum += exp(-found);
    }
    EXPECT(fabs(sum - 1) < 1e-6, "sum %g", sum);
    EXPECT(mean("categorical", 1, a) == 3, "most probable %g", mean("categorical", 1, a));
}

static void categories_are_drawn_with_their_probability(void) {
    static float a[DRAWS][LEVELS], x[DRAWS];
    const double p[LEVELS] = {0.1, 0.05, 0.3, 0.35, 0.2};
    int count[LEVELS] = {0};
    for (int i = 0; i < DRAWS; i++)
        for (int k = 0; k < LEVELS; k++)
            a[i][k] = (float)(7 + log(p[k]));
    const struct segment s = segment_of("categorical", SCALE_FIXED, DRAWS);
    const struct distributions d = {&s, a[0], NULL, NULL, DRAWS};
    likelihood_draw(&d, x, (struct noise){.seed = 2, .purpose = PURPOSE_LIKELIHOOD});
    for (int i = 0; i < DRAWS; i++)
        count[(int)x[i]]++;
    for (int k = 0; k < LEVELS; k++)
        EXPECT(fabs((double)count[k] / DRAWS - p[k]) < 4.5 * sqrt(p[k] * (1 - p[k]) / DRAWS), "level %d: %d", k,
               count[k]);
}

/* Probabilities of counts as products, and their sum, mean and variance. */
static void counts_are_distributed(void) {
    for (double m = 0.05; m < 300; m *= 4)
        for (double s = 0.01; s < 10; s *= 5) {
            const float a = (float)log(m);
            double poisson = 0, sum = 0, first = 0, second = 0, wanted = exp(-m), r = 1 / s;
            double other = pow(1 / (1 + m * s), r);
            for (int k = 0; k < 60000; k++) {
                const double p = exp(-negative_log("poisson", 1, &a, (float)k)),
                             q = exp(-negative_log("negbin", s, &a, (float)k));
                EXPECT(fabs(p - wanted) < 1e-5 * wanted + 1e-12, "poisson %g: p(%d) %g, wanted %g", m, k, p,
                       wanted);
                EXPECT(fabs(q - other) < 2e-5 * (1 + k) * other + 1e-12, "negbin %g %g: p(%d) %g, wanted %g", m, s,
                       k, q, other);
                wanted *= m / (k + 1);
                other *= (k + r) / (k + 1) * m / (m + r);
                poisson += p;
                sum += q;
                first += k * q;
                second += k * (double)k * q;
                if (k > 2 * m + 20 && wanted < 1e-15 && other * k * k < 1e-9)
                    break;
            }
            EXPECT(fabs(poisson - 1) < 1e-5 && fabs(sum - 1) < 1e-5, "sums %g %g at %g %g", poisson, sum, m, s);
            EXPECT(fabs(first / m - 1) < 1e-4, "negbin %g %g: mean %g", m, s, first);
            EXPECT(fabs((second - first * first) / (m + s * m * m) - 1) < 1e-3, "negbin %g %g: variance", m, s);
        }
}

/* Draws of DRAWS elements alike: mean and variance, within error bars, as they should be. */
static void check_draws(const char *name, enum scale from, double scale, double a, double wanted, double variance) {
    static float as[2 * DRAWS], log_scale[DRAWS], inverse_scale[DRAWS], x[DRAWS];
    const struct segment s = segment_of(name, from, DRAWS);
    const struct distributions d = {&s, as, log_scale, inverse_scale, DRAWS};
    double sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        log_scale[i] = (float)log(scale);
        inverse_scale[i] = (float)(1 / scale);
        as[from == SCALE_NET ? 2 * i : i] = (float)a;
        if (from == SCALE_NET)
            as[2 * i + 1] = log_scale[i];
    }
    likelihood_draw(&d, x, (struct noise){.seed = 2, .purpose = PURPOSE_LIKELIHOOD});
    for (int i = 0; i < DRAWS; i++) {
        const double off = (double)x[i] - wanted;
        sum += (double)x[i];
        squares += off * off;
        fourth += off * off * off * off;
    }
    const double found = squares / DRAWS, error = sqrt((fourth / DRAWS - found * found) / DRAWS);
    EXPECT(fabs(sum / DRAWS - wanted) < 4.5 * sqrt(variance / DRAWS), "%s: mean %g, wanted %g", name, sum / DRAWS,
           wanted);
    EXPECT(fabs(found - variance) < 4.5 * error + 1e-9, "%s: variance %g, wanted %g", name, found, variance);
    likelihood_mean(&d, x);
    EXPECT(fabs((double)x[0] - wanted) < 1e-6 * (1 + wanted) && x[DRAWS - 1] == x[0], "%s: says mean %g, wanted %g",
           name, (double)x[0], wanted);
}

static void draws_have_the_likelihoods_mean_and_variance(void) {
    const double logit = 0.8, p = 1 / (1 + exp(-logit));
    check_draws("bernoulli", SCALE_FIXED, 1, logit, p, p * (1 - p));
    check_draws("gaussian", SCALE_FIXED, 0.4, logit, logit, 0.16);
    check_draws("gaussian", SCALE_NET, 0.4, logit, logit, 0.16);
    check_draws("laplace", SCALE_FIXED, 0.4, logit, logit, 2 * 0.16);
    check_draws("laplace", SCALE_NET, 0.4, logit, logit, 2 * 0.16);
    /* Of a density proportional to exp(a x) on [0,1]. */
    for (double a = -40; a < 50; a += 20.2)
        check_draws("cbernoulli", SCALE_FIXED, 1, a, 1 / -expm1(-a) - 1 / a, 1 / (a * a) - 1 / (2 * cosh(a) - 2));
    /* So narrow and so far from the ends that the levels hardly matter. */
    check_draws("dlogistic", SCALE_FIXED, 0.03, 0.5, 0.5, pi * pi / 3 * 0.0009 + 1 / (12.0 * 255 * 255));
    check_draws("dlogistic", SCALE_NET, 0.03, 0.5, 0.5, pi * pi / 3 * 0.0009 + 1 / (12.0 * 255 * 255));
    for (double m = 0.3; m < 1e6; m *= 7) {
        check_draws("poisson", SCALE_FIXED, 1, log(m), m, m);
        check_draws("negbin", SCALE_FIXED, 0.2, log(m), m, m + 0.2 * m * m);
        check_draws("negbin", SCALE_NET, 3, log(m), m, m + 3 * m * m);
    }
}

/* A segment's numbers per element, and which of its scales are parameters and are learned by a gradient. */
static void segments_count_their_numbers(void) {
    static const struct {
        const char *name;
        enum scale scale;
        size_t outputs, inputs, scales;
        bool has, learns, best;
    } cases[] = {
        {"bernoulli", SCALE_FIXED, 1, 1, 0, false, false, false},
        {"categorical", SCALE_FIXED, LEVELS, LEVELS, 0, false, false, false},
        {"gaussian", SCALE_FIXED, 1, 1, 0, true, false, false},
        {"gaussian", SCALE_SHARED, 1, 1, 1, true, true, false},
        {"gaussian", SCALE_PER_DIM, 1, 1, 7, true, true, false},
        {"gaussian", SCALE_NET, 2, 1, 0, false, false, false},
        {"gaussian", SCALE_OPTIMAL, 1, 1, 1, true, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct segment s = segment_of(cases[i].name, cases[i].scale, 7);
        EXPECT(s.outputs == cases[i].outputs && segment_inputs(&s) == cases[i].inputs, "case %zu: %zu outputs, %zu",
               i, s.outputs, segment_inputs(&s));
        EXPECT(segment_scales(&s) == cases[i].scales, "case %zu: %zu scales", i, segment_scales(&s));
        EXPECT(segment_has_scale(&s) == cases[i].has && segment_learns_scale(&s) == cases[i].learns &&
                   segment_has_best_scale(&s) == cases[i].best,
               "case %zu: has %d, learns %d, best %d", i, segment_has_scale(&s), segment_learns_scale(&s),
               segment_has_best_scale(&s));
    }
}

/* KL(N(mu, sigma^2) || N(0,1)) as an integral. */
static void kl_is_its_integral(void) {
    const float cases[][2] = {{0, 0}, {1.5f, 0}, {0, -3}, {-0.7f, 1}, {2, -1.5f}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float heads[2] = {cases[i][0], cases[i][1]}, sigma;
        const double mu = (double)heads[0], sd = exp(0.5 * (double)heads[1]), step = sd / 200;
        double integral = 0;
        for (double z = mu - 10 * sd; z < mu + 10 * sd; z += step) {
            const double log_q = -0.5 * pow((z - mu) / sd, 2) - log(sd), log_p = -0.5 * z * z;
            integral += exp(log_q) / sqrt(2 * pi) * (log_q - log_p) * step;
        }
        latent_posterior(heads, &sigma, LOGVAR_BOUND, 1);
        EXPECT(fabs(latent_kl(heads, &sigma, 1) - integral) < 1e-5 * (1 + integral), "case %zu: %g, wanted %g", i,
               latent_kl(heads, &sigma, 1), integral);
    }
}

/* E_q[log p(z) - log q(z|x)] = -KL: the importance weight's ratio against KL's closed form, within error bars. */
static void log_ratio_averages_to_minus_kl(void) {
    float heads[4] = {0.6f, -1.1f, -0.8f, 0.4f}, sigma[2], epsilon[2], z[2];
    double sum = 0, squares = 0;
    latent_posterior(heads, sigma, LOGVAR_BOUND, 2);
    for (uint64_t i = 0; i < DRAWS; i++) {
        noise_normal(epsilon, 2, (struct noise){.seed = 3, .item = i});
        latent_draw(heads, sigma, epsilon, z, 2);
        const double ratio = latent_log_ratio(heads, epsilon, z, 2);
        sum += ratio;
        squares += ratio * ratio;
    }
    const double mean = sum / DRAWS, error = sqrt((squares / DRAWS - mean * mean) / DRAWS);
    EXPECT(fabs(mean + latent_kl(heads, sigma, 2)) < 5 * error, "mean %g +- %g, KL %g", mean, error,
           latent_kl(heads, sigma, 2));
}

static void quantiles_invert_the_distribution(void) {
    for (double p = 1e-9; p < 1; p += p < 0.01 ? p : 0.0137) {
        const double z = prior_normal.quantile(p);
        EXPECT(fabs(0.5 * erfc(-z / sqrt(2)) / p - 1) < 1e-10, "p %g: z %g", p, z);
        EXPECT(fabs(z + prior_normal.quantile(1 - p)) < 1e-6, "p %g: not symmetric", p);
    }
    EXPECT(fabs(prior_normal.quantile(0.975) - 1.959963984540054) < 1e-12, "%.15g", prior_normal.quantile(0.975));
    EXPECT(prior_normal.quantile(0.5) == 0, "%g", prior_normal.quantile(0.5));
}

/* Each grey level v is drawn as 1 with probability v/255, anew for each item number. */
static void binarize_draws_with_the_pixels_probability(void) {
    const struct likelihood *l = likelihood_find("test", "bernoulli");
    static unsigned char pixels[DRAWS];
    static float x[DRAWS], again[DRAWS], other[DRAWS];
    for (int level = 0; level <= 255; level += 51) {
        const double p = level / 255.0;
        double sum = 0;
        int same = 0;
        memset(pixels, level, sizeof pixels);
        item_to_float(l, BINARIZE_SAMPLE, DTYPE_U8, pixels, DRAWS, (struct noise){.seed = 5, .item = 1}, x);
        item_to_float(l, BINARIZE_SAMPLE, DTYPE_U8, pixels, DRAWS, (struct noise){.seed = 5, .item = 1}, again);
        item_to_float(l, BINARIZE_SAMPLE, DTYPE_U8, pixels, DRAWS, (struct noise){.seed = 5, .item = 2}, other);
        for (int i = 0; i < DRAWS; i++) {
            EXPECT(x[i] == 0 || x[i] == 1, "%g", (double)x[i]);
            sum += (double)x[i];
            same += x[i] == other[i];
        }
        EXPECT(fabs(sum / DRAWS - p) <= 5 * sqrt(p * (1 - p) / DRAWS), "level %d: mean %g", level, sum / DRAWS);
        EXPECT(memcmp(x, again, sizeof x) == 0, "level %d: another draw for the same item", level);
        const double agree = p * p + (1 - p) * (1 - p);
        EXPECT(fabs((double)same / DRAWS - agree) <= 5 * sqrt(agree * (1 - agree) / DRAWS), "level %d: %d the same",
               level, same);
    }
}

/* In double, each term is the one in single precision where that has no need of more. */
static void wide_terms_are_the_others(void) {
    static const char *const names[] = {"bernoulli", "gaussian", "laplace", "cbernoulli", "dlogistic"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (double scale = 0.05; scale < 3; scale *= 3)
            for (double a = -6; a <= 6; a += 0.39)
                for (int level = 0; level <= 255; level += 51) {
                    const float single = (float)a, x = (float)level / 255;
                    const double found = likelihood_find("test", names[i])
                                             ->negative_log_wide((double)single, (double)x, log(scale), 1 / scale);
                    const double wanted = negative_log(names[i], scale, &single, x);
                    EXPECT(fabs(found - wanted) < 2e-6 * (1 + fabs(a) + fabs(wanted)),
                           "%s, scale %g, a %g, x %g: %g and %g", names[i], scale, a, (double)x, found, wanted);
                }
}

/* A sum with an extreme element is finite without a gradient. With one it is as before: training ends there. */
static void extreme_elements_have_finite_terms(void) {
    static const struct {
        const char *name;
        float a, x;
        double wanted;
    } cases[] = {
        {"gaussian", 0, 1e20f, 0.5 * 1e40 * 4}, {"gaussian", -3e38f, 3e38f, 0.5 * 36e76 * 4},
        {"laplace", -3e38f, 3e38f, 6e38 * 2},   {"dlogistic", 3e38f, 0, 3e38 * 2},
        {"dlogistic", -3e38f, 0.4f, 3e38 * 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct segment s = segment_of(cases[i].name, SCALE_FIXED, 2);
        const float a[2] = {cases[i].a, 0.5f}, x[2] = {cases[i].x, 0.4f}, log_scale[2] = {logf(0.5f), logf(0.5f)},
                    inverse_scale[2] = {2, 2};
        const struct distributions d = {&s, a, log_scale, inverse_scale, 2};
        const double found = likelihood_negative_log(&d, x, NULL, NULL);
        float gradient[2], scale_gradient[2];
        EXPECT(fabs(found / cases[i].wanted - 1) < 1e-5, "%s %zu: %g, wanted %g", cases[i].name, i, found,
               cases[i].wanted);
        EXPECT(!isfinite(likelihood_negative_log(&d, x, gradient, scale_gradient)), "%s %zu", cases[i].name, i);
    }
    /* With a scale that the decoder gives. */
    const struct segment s = segment_of("gaussian", SCALE_NET, 1);
    const float pair[2] = {0, logf(0.5f)}, x = 1e20f;
    const double found =
        likelihood_negative_log(&(struct distributions){.segment = &s, .a = pair, .n = 1}, &x, NULL, NULL);
    EXPECT(fabs(found / 2e40 - 1) < 1e-5, "%g", found);
}

int main(void) {
    static const struct test tests[] = {
        {"terms in double are those in single precision", wide_terms_are_the_others},
        {"extreme elements have finite terms", extreme_elements_have_finite_terms},
        {"segments count their numbers", segments_count_their_numbers},
        {"bernoulli is the probability of its logit", bernoulli_is_its_probability},
        {"gaussian is a density, constants included", gaussian_is_a_density},
        {"laplace is a density, constants included", laplace_is_a_density},
        {"cbernoulli is a density, stable near 1/2", continuous_bernoulli_is_a_density},
        {"dlogistic's levels are differences of the distribution", logistic_levels_are_differences},
        {"categorical is its softmax", categorical_is_its_softmax},
        {"categories are drawn with their probability", categories_are_drawn_with_their_probability},
        {"poisson and negbin are the distributions of their mean and dispersion", counts_are_distributed},
        {"sigma = sqrt(1/2) is the squared error and a constant", sigma_of_sqrt_half_is_squared_error},
        {"draws have the likelihood's mean and variance", draws_have_the_likelihoods_mean_and_variance},
        {"KL in closed form is its integral", kl_is_its_integral},
        {"log p(z) - log q(z|x) averages to -KL", log_ratio_averages_to_minus_kl},
        {"quantiles invert the normal distribution", quantiles_invert_the_distribution},
        {"binarization draws with the pixel's probability", binarize_draws_with_the_pixels_probability},
    };
    return RUN(tests);
}
