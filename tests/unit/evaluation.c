/* SPDX-License-Identifier: MIT */
/* The importance-weighted figure against a model that can be solved: a linear decoder with Gaussian noise, for
 * which p(x) = N(b, W W' + sigma^2 I) and, with W's columns orthogonal, the posterior is N(mu(x), diag) exactly. */
#include "base/error.h"
#include "dist/latent.h"
#include "layers.h"
#include "query/evaluate.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

#define D 4
#define L 2
#define ITEMS 300

static const double sigma = 0.5;
static const double w[D][L] = {{0.9, 0.2}, {-0.3, 0.6}, {0.1, 0.0}, {0.0, 0.0}}; /* columns orthogonal, see below */
static const double b[D] = {0.1, -0.2, 0.3, 0.0};
static struct evaluator evaluator;

/* Squared length of column j of W. */
static double length2(int j) {
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum += w[i][j] * w[i][j];
    return sum;
}

/* log N(x; b, W W' + sigma^2 I): along column j the variance is length2 + sigma^2, across all of them sigma^2. */
static double exact_log_likelihood(const float *x) {
    double rest = 0, log_p = 0;
    for (int i = 0; i < D; i++)
        rest += pow((double)x[i] - b[i], 2);
    for (int j = 0; j < L; j++) {
        double along = 0;
        for (int i = 0; i < D; i++)
            along += w[i][j] / sqrt(length2(j)) * ((double)x[i] - b[i]);
        const double variance = length2(j) + sigma * sigma;
        log_p -= 0.5 * (along * along / variance + log(2 * acos(-1) * variance));
        rest -= along * along;
    }
    return log_p - 0.5 * (rest / (sigma * sigma) + (D - L) * log(2 * acos(-1) * sigma * sigma));
}

/* The decoder W, b, and as encoder the exact posterior: mu = W'(x - b) / (length2 + sigma^2), variance
 * sigma^2 / (length2 + sigma^2), both moved by `off`. */
static void set_weights(struct model *m, double off) {
    float *value = m->net.parameters.value;
    const struct dense_layers list = dense_layers(m);
    const struct dense_layer *heads = &list.layer[list.heads], *decoder = &list.layer[list.last];
    for (int j = 0; j < L; j++) {
        const double total = length2(j) + sigma * sigma;
        double bias = off;
        for (int i = 0; i < D; i++) {
            value[heads->weight + (size_t)(j * D + i)] = (float)(w[i][j] / total);
            value[decoder->weight + (size_t)(i * L + j)] = (float)w[i][j];
            bias -= w[i][j] / total * b[i];
        }
        value[heads->bias + (size_t)j] = (float)bias;
        value[heads->bias + (size_t)(L + j)] = (float)(log(sigma * sigma / total) + 2 * off);
    }
    for (int i = 0; i < D; i++)
        value[decoder->bias + (size_t)i] = (float)b[i];
}

static void make_items(float items[ITEMS][D]) {
    for (uint64_t n = 0; n < ITEMS; n++) {
        float z[L], noise[D];
        noise_normal(z, L, (struct noise){.seed = 21, .item = n});
        noise_normal(noise, D, (struct noise){.seed = 22, .item = n});
        for (int i = 0; i < D; i++)
            items[n][i] =
                (float)(b[i] + w[i][0] * (double)z[0] + w[i][1] * (double)z[1] + sigma * (double)noise[i]);
    }
}

/* Evaluates all items; returns the total, and each item's error of log p(x) in `error`. */
static struct evaluation evaluate(double off, uint32_t samples, double error[ITEMS]) {
    static float items[ITEMS][D];
    struct model m;
    const struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                        .item = {1, {D}},
                                        .prior = &prior_normal,
                                        .latent = L,
                                        .activation = activation_find("test", "relu"),
                                        .likelihood = likelihood_find("test", "gaussian"),
                                        .sigma = sigma};
    struct workers *workers = workers_start(2);
    make_items(items);
    if (model_create(&m, &config) < 0)
        printf("# %s\n", error_message());
    set_weights(&m, off);
    if (evaluator_start(&evaluator, &m, workers, samples, true, 6) < 0)
        printf("# %s\n", error_message());
    const struct dataset set = {.name = "items",
                                .dtype = DTYPE_F32,
                                .items = ITEMS,
                                .item_bytes = sizeof *items,
                                .data = (const unsigned char *)items};
    if (evaluator_add_all(&evaluator, &set, NULL, NULL) != 1)
        printf("# %s\n", error_message());
    for (int n = 0; n < ITEMS; n++)
        error[n] = evaluator.figures[n].log_likelihood - exact_log_likelihood(items[n]);
    const struct evaluation total = evaluator.total;
    evaluator_end(&evaluator);
    workers_stop(workers);
    model_free(&m);
    return total;
}

static void columns_are_orthogonal(void) {
    double product = 0;
    for (int i = 0; i < D; i++)
        product += w[i][0] * w[i][1];
    EXPECT(fabs(product) < 1e-12, "product %g: the exact figures need 0", product);
}

/* With the exact posterior every importance weight is p(x) itself: one draw is enough, and none is wrong. */
static void exact_posterior_gives_exact_figures(void) {
    double error[ITEMS];
    for (uint32_t samples = 1; samples <= 64; samples *= 8) {
        evaluate(0, samples, error);
        for (int n = 0; n < ITEMS; n++)
            EXPECT(fabs(error[n]) < 1e-5, "k %u, item %d: error %g", samples, n, error[n]);
    }
}

/* With another posterior the figure is a lower bound on average, which rises with k to the exact one. */
static void wrong_posterior_gives_a_bound_that_rises_to_it(void) {
    double error[ITEMS], before = -INFINITY;
    static const uint32_t samples[] = {1, 10, 4000};
    for (int i = 0; i < 3; i++) {
        const struct evaluation total = evaluate(0.4, samples[i], error);
        double mean = 0;
        for (int n = 0; n < ITEMS; n++)
            mean += error[n] / ITEMS;
        EXPECT(mean > before && mean < 2e-3, "k %u: mean error %g, before %g", samples[i], mean, before);
        const struct elbo elbo = evaluation_elbo(&total);
        double standard_error;
        EXPECT(elbo.elbo < evaluation_log_likelihood(&total, &standard_error), "k %u: elbo %g above", samples[i],
               elbo.elbo);
        before = mean;
    }
    EXPECT(fabs(before) < 2e-3, "k 4000: mean error %g", before);
    for (int n = 0; n < ITEMS; n++)
        EXPECT(fabs(error[n]) < 0.15, "k 4000, item %d: error %g", n, error[n]);
}

/* log p(x) is log E[w], so the estimate at k = 1 has the mean of the ELBO. */
static void one_draw_averages_to_the_elbo(void) {
    double error[ITEMS];
    const struct evaluation total = evaluate(0.4, 1, error);
    double standard_error;
    const double mean = evaluation_log_likelihood(&total, &standard_error);
    EXPECT(fabs(mean - evaluation_elbo(&total).elbo) < 4 * sqrt(2.0 * L / ITEMS), "k 1: %g, elbo %g", mean,
           evaluation_elbo(&total).elbo);
}

static void latents_that_vary_are_active(void) {
    struct latent_sums sums[] = {{200, {0, 100}}, {50, {5 * 100, 25 * 100 + 0.9}}, {0, {30, 9 + 1.1}}};
    const struct evaluation total = {.items = 100, .latents = sums};
    EXPECT(latents_active(total.latents, 3, total.items) == 2, "%zu active, wanted 2",
           latents_active(total.latents, 3, total.items));
    static const struct latent_figures wanted[] = {{2, true, 0, 1}, {0.5, false, 5, 0.009}, {0, true, 0.3, 0.011}};
    for (size_t i = 0; i < 3; i++) {
        const struct latent_figures f = latent_figures(&total.latents[i], total.items);
        EXPECT(f.active == wanted[i].active && fabs(f.kl - wanted[i].kl) < 1e-9 &&
                   fabs(f.mean - wanted[i].mean) < 1e-9 && fabs(f.variance - wanted[i].variance) < 1e-9,
               "latent %zu: kl %g, active %d, mean %g, variance %g", i, f.kl, f.active, f.mean, f.variance);
    }
}

static void standard_error_is_that_of_the_mean(void) {
    const double values[] = {1, 2, 4, 9};
    struct tally tally = {0};
    double error;
    for (int i = 0; i < 4; i++) {
        tally.sum += values[i];
        tally.squares += values[i] * values[i];
    }
    EXPECT(tally_mean(&tally, 4, &error) == 4, "mean");
    EXPECT(fabs(error - sqrt((9 + 4 + 0 + 25) / 3.0 / 4)) < 1e-12, "standard error %g", error);
    tally_mean(&tally, 1, &error);
    EXPECT(isnan(error), "of one item: %g", error);
}

/* E_q[w^2] / E_q[w]^2 of latent j for w = p / q, p = N(0, a^2) the exact posterior and q = N(off, b^2) the wrong
 * one: the integral of p^2 / q, which is the same for every item. */
static double squared_weight(int j, double off) {
    const double a2 = sigma * sigma / (length2(j) + sigma * sigma), b2 = a2 * exp(2 * off);
    const double rate = 1 / a2 - 1 / (2 * b2);
    return sqrt(b2 / (2 * rate)) / a2 * exp(off * off / (2 * b2) + off * off / (4 * rate * b2 * b2));
}

/* In any order, of any size. */
static void weights_are_summed(void) {
    static const double weights[] = {2, 1, 3, 0.5, 4};
    for (double scale = -2000; scale <= 2000; scale += 1000) {
        struct log_sum sum = log_sum_empty();
        for (int i = 0; i < 5; i++)
            log_sum_add(&sum, log(weights[i]) + scale);
        EXPECT(fabs(log_sum_value(&sum) - log(10.5) - scale) < 1e-9, "scale %g: %g", scale, log_sum_value(&sum));
        EXPECT(fabs(log_sum_effective(&sum) - 10.5 * 10.5 / 30.25) < 1e-9, "scale %g: %g effective", scale,
               log_sum_effective(&sum));
    }
}

static void equal_weights_count_in_full(void) {
    double error[ITEMS];
    const struct evaluation total = evaluate(0, 50, error);
    EXPECT(fabs(total.effective / ITEMS - 50) < 1e-3, "%g of 50", total.effective / ITEMS);
}

/* What draws are lost tends to a share that can be solved. Over the seeds it varies by 0.003 of itself. */
static void effective_samples_are_those_of_theory(void) {
    double error[ITEMS];
    const struct evaluation total = evaluate(0.4, 4000, error);
    const double share = total.effective / ITEMS / 4000,
                 wanted = 1 / squared_weight(0, 0.4) / squared_weight(1, 0.4);
    EXPECT(fabs(share / wanted - 1) < 0.015, "%g of the draws, wanted %g", share, wanted);
}

/* Each point of the curve is what so many draws give by themselves, to the bit. */
static void curve_has_the_figures_of_fewer_draws(void) {
    static const uint32_t wanted[] = {1, 10, 100, 300};
    double error[ITEMS];
    const struct evaluation all = evaluate(0.4, 300, error);
    EXPECT(evaluator.points == 4, "%zu points", evaluator.points);
    for (int i = 0; i < 4; i++)
        EXPECT(evaluator.point[i] == wanted[i], "point %d is %u", i, evaluator.point[i]);
    for (int i = 0; i < 4; i++) {
        const struct tally at = all.curve[i];
        const struct evaluation few = evaluate(0.4, wanted[i], error);
        EXPECT(at.sum == few.log_likelihood.sum && at.squares == few.log_likelihood.squares,
               "k %u: %.17g, wanted %.17g", wanted[i], at.sum, few.log_likelihood.sum);
    }
    for (uint32_t samples = 1; samples <= 10; samples += 9) {
        evaluate(0.4, samples, error);
        EXPECT(evaluator.points == (samples == 1 ? 1 : 2), "k %u: %zu points", samples, evaluator.points);
    }
}

int main(void) {
    static const struct test tests[] = {
        {"the solvable model's columns are orthogonal", columns_are_orthogonal},
        {"the exact posterior gives log p(x) exactly, from one draw", exact_posterior_gives_exact_figures},
        {"a wrong posterior gives a bound that rises to log p(x)", wrong_posterior_gives_a_bound_that_rises_to_it},
        {"one draw averages to the ELBO", one_draw_averages_to_the_elbo},
        {"latents that vary are active", latents_that_vary_are_active},
        {"the standard error is that of the mean", standard_error_is_that_of_the_mean},
        {"weights are summed whatever their size and order", weights_are_summed},
        {"the effective sample size of equal weights is their number", equal_weights_count_in_full},
        {"the effective sample size is that of theory", effective_samples_are_those_of_theory},
        {"the curve has the figures of fewer draws", curve_has_the_figures_of_fewer_draws},
    };
    return RUN(tests);
}
