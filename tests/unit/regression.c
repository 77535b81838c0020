/* SPDX-License-Identifier: MIT */
/* The regressions of vae-climb against closed forms, differences and computations of another kind. */
#include "property/regression.h"

#include "base/noise.h"
#include "kernel/lapack.h"
#include "property/cross_validation.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 600
#define INPUTS 3

static double point[MOST * INPUTS], target[MOST];

/* Draws from N(0, I) as points. */
static struct points draw_points(size_t count, size_t inputs) {
    float x[MOST * INPUTS];
    noise_normal(x, count * inputs, (struct noise){.seed = 7, .purpose = PURPOSE_PRIOR});
    for (size_t i = 0; i < count * inputs; i++)
        point[i] = (double)x[i];
    return (struct points){.point = point, .target = target, .count = count, .inputs = inputs};
}

/* Sets the targets to numbers that the points do not tell. */
static void draw_targets(size_t count, double deviation) {
    float y[MOST];
    noise_normal(y, count, (struct noise){.seed = 8, .purpose = PURPOSE_PRIOR});
    for (size_t i = 0; i < count; i++)
        target[i] += deviation * (double)y[i];
}

static void matrices(void) {
    double a[4] = {4, NAN, 2, 5}, value[2], b[2] = {8, 9};
    EXPECT(lapack_cholesky(a, 2) == 0, "refused");
    EXPECT(fabs(a[0] - 2) + fabs(a[2] - 1) + fabs(a[3] - 2) < 1e-14, "%g %g %g", a[0], a[2], a[3]);
    lapack_solve(a, b, 2);
    EXPECT(fabs(b[0] - 1.375) + fabs(b[1] - 1.25) < 1e-14, "%g %g", b[0], b[1]);
    double indefinite[4] = {1, 0, 2, 1};
    EXPECT(lapack_cholesky(indefinite, 2) < 0, "taken for positive definite");
    double c[4] = {2, NAN, 1, 2};
    EXPECT(lapack_eigen(c, value, 2) == 0, "%s", error_message());
    EXPECT(fabs(value[0] - 1) + fabs(value[1] - 3) < 1e-14, "%g %g", value[0], value[1]);
    EXPECT(fabs(fabs(c[2]) - sqrt(0.5)) < 1e-14 && fabs(c[2] - c[3]) < 1e-14 && fabs(c[0] + c[1]) < 1e-14,
           "%g %g %g %g", c[0], c[1], c[2], c[3]);
}

/* Of two examples, at distance 2, with targets 5 - 1 and 5 + 1. */
static void process_of_two_examples(void) {
    const double x[2] = {-1, 1}, y[2] = {4, 6};
    const struct points two = {.point = x, .target = y, .count = 2, .inputs = 1};
    const double length = 1.5, noise = 0.3, k = exp(-2 / (length * length)), signal = 1 / (1 + noise - k);
    const double wanted = -(1 + log(2 * acos(-1)) + log(signal)) - 0.5 * log((1 + noise) * (1 + noise) - k * k);
    EXPECT(fabs(regression_gp_evidence(&two, length, noise) - wanted) < 1e-12, "%g, wanted %g",
           regression_gp_evidence(&two, length, noise), wanted);
    struct regression r;
    EXPECT(regression_fit(&r, &regression_gp, &two) == 0, "%s", error_message());
    const double at = 0.4, own = exp(-2 / (r.length * r.length)), a = 1 + r.noise,
                 left = exp(-1.4 * 1.4 / 2 / (r.length * r.length)),
                 right = exp(-0.6 * 0.6 / 2 / (r.length * r.length)), best = 1 / (a - own);
    double gradient, scratch[2];
    EXPECT(fabs(regression_gp.predict(&r, &at, &gradient) - (5 + (right - left) * best)) < 1e-12, "%g",
           regression_gp.predict(&r, &at, &gradient));
    const double known = (a * (left * left + right * right) - 2 * own * left * right) / (a * a - own * own);
    EXPECT(fabs(regression_gp.deviation(&r, &at, scratch) - sqrt(best * (1 - known))) < 1e-9, "%g, wanted %g",
           regression_gp.deviation(&r, &at, scratch), sqrt(best * (1 - known)));
    regression_free(&r);
}

static void gradients(void) {
    const struct regression_method *const methods[] = {&regression_gp, &regression_linear};
    const struct points p = draw_points(80, INPUTS);
    for (size_t i = 0; i < p.count; i++)
        target[i] = sin(point[3 * i]) + point[3 * i + 1] * point[3 * i + 2] + 0.3 * point[3 * i + 2];
    for (size_t m = 0; m < 2; m++) {
        struct regression r;
        EXPECT(regression_fit(&r, methods[m], &p) == 0, "%s", error_message());
        double at[INPUTS] = {0.3, -0.8, 1.1}, gradient[INPUTS], none[INPUTS];
        methods[m]->predict(&r, at, gradient);
        for (size_t j = 0; j < INPUTS; j++) {
            const double h = 1e-5, own = at[j];
            at[j] = own + h;
            const double above = methods[m]->predict(&r, at, none);
            at[j] = own - h;
            const double below = methods[m]->predict(&r, at, none);
            at[j] = own;
            EXPECT(fabs((above - below) / (2 * h) - gradient[j]) < 1e-6, "%s, %zu: %g, wanted %g", methods[m]->name,
                   j, gradient[j], (above - below) / (2 * h));
            EXPECT(fabs(gradient[j]) > 1e-3, "%s, %zu: %g is too near to 0 for a sign", methods[m]->name, j,
                   gradient[j]);
        }
        regression_free(&r);
    }
}

/* Length and noise are the best of their neighbourhood, and those of the data. */
static void process_finds_its_noise(void) {
    const struct points p = draw_points(400, 2);
    for (size_t i = 0; i < p.count; i++)
        target[i] = 10 + 3 * sin(point[2 * i]) * cos(point[2 * i + 1]);
    draw_targets(p.count, 0.5);
    struct regression r;
    EXPECT(regression_fit(&r, &regression_gp, &p) == 0, "%s", error_message());
    const double deviation = sqrt(r.noise * r.signal);
    EXPECT(deviation > 0.4 && deviation < 0.6, "noise of deviation %g, wanted 0.5", deviation);
    const double best = regression_gp_evidence(&p, r.length, r.noise);
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++) {
            const double other = regression_gp_evidence(&p, r.length * pow(1.25, i), r.noise * pow(2, j));
            EXPECT(other <= best, "%g at neighbour %d, %d is better than %g", other, i, j, best);
        }
    double gradient[2], scratch[400];
    const double far[2] = {1e4, 1e4};
    EXPECT(fabs(regression_gp.predict(&r, far, gradient) - r.mean) < 1e-9 && gradient[0] == 0,
           "far away %g, wanted the mean %g", regression_gp.predict(&r, far, gradient), r.mean);
    EXPECT(fabs(regression_gp.deviation(&r, far, scratch) / sqrt(r.signal) - 1) < 1e-9, "far away %g, wanted %g",
           regression_gp.deviation(&r, far, scratch), sqrt(r.signal));
    regression_free(&r);
}

/* With more than 500 examples, length and noise are those of every so many of them; the weights are of all. */
static void process_of_many_examples(void) {
    const struct points p = draw_points(600, 2);
    for (size_t i = 0; i < p.count; i++)
        target[i] = i < 500 ? 0 : i % 2 == 0 ? 1 : -1;
    struct regression r;
    EXPECT(regression_fit(&r, &regression_gp, &p) == 0, "%s", error_message());
    double residual = 0;
    for (size_t i = 0; i < p.count; i++) { /* K weight = y - mean */
        double sum = r.noise * r.weight[i];
        for (size_t j = 0; j < p.count; j++)
            sum += r.weight[j] *
                   exp(-(pow(point[2 * i] - point[2 * j], 2) + pow(point[2 * i + 1] - point[2 * j + 1], 2)) /
                       (2 * r.length * r.length));
        residual = fmax(residual, fabs(sum - (target[i] - r.mean)));
    }
    EXPECT(residual < 1e-6, "a residual of %g", residual);
    EXPECT(r.noise > 1e-3, "a noise of %g: it is chosen with the first examples alone", r.noise);
    regression_free(&r);
}

/* Ridge regression by Gaussian elimination of its normal equations with an intercept, without example `without`. */
static double eliminate(const struct points *p, double penalty, size_t without, const double *at) {
    double a[INPUTS + 1][INPUTS + 2] = {{0}};
    for (size_t i = 0; i < p->count; i++) {
        double row[INPUTS + 2] = {1, p->point[3 * i], p->point[3 * i + 1], p->point[3 * i + 2], p->target[i]};
        for (size_t j = 0; i != without && j <= INPUTS; j++)
            for (size_t k = 0; k < INPUTS + 2; k++)
                a[j][k] += row[j] * row[k];
    }
    for (size_t j = 1; j <= INPUTS; j++)
        a[j][j] += penalty;
    for (size_t j = 0; j <= INPUTS; j++)
        for (size_t k = 0; k <= INPUTS; k++) {
            const double times = a[k][j] / a[j][j];
            for (size_t l = 0; k != j && l < INPUTS + 2; l++)
                a[k][l] -= times * a[j][l];
        }
    double sum = a[0][INPUTS + 1] / a[0][0];
    for (size_t j = 1; j <= INPUTS; j++)
        sum += at[j - 1] * a[j][INPUTS + 1] / a[j][j];
    return sum;
}

static struct points linear_examples(void) {
    const struct points p = draw_points(25, INPUTS);
    for (size_t i = 0; i < p.count; i++) {
        point[3 * i] += 2; /* not centred */
        target[i] = 2 * point[3 * i] - 0.5 * point[3 * i + 1] + 7;
    }
    draw_targets(p.count, 1);
    return p;
}

static void examples_left_out(void) {
    static const double penalties[] = {1e-4, 0.1, 3};
    const struct points p = linear_examples();
    for (size_t i = 0; i < 3; i++) {
        double wanted = 0, found = 0;
        for (size_t n = 0; n < p.count; n++)
            wanted += pow(target[n] - eliminate(&p, penalties[i] * 25, n, point + 3 * n), 2) / 25;
        EXPECT(regression_linear_left_out(&p, penalties[i], &found) == 0, "%s", error_message());
        EXPECT(fabs(found / wanted - 1) < 1e-9, "penalty %g: %g, wanted %g", penalties[i], found, wanted);
    }
}

static void linear_prediction(void) {
    const struct points p = linear_examples();
    struct regression r;
    EXPECT(regression_fit(&r, &regression_linear, &p) == 0, "%s", error_message());
    const double at[INPUTS] = {1, -2, 0.5}, wanted = eliminate(&p, r.penalty * 25, 25, at);
    double gradient[INPUTS];
    EXPECT(fabs(r.method->predict(&r, at, gradient) - wanted) < 1e-9, "%g, wanted %g",
           r.method->predict(&r, at, gradient), wanted);
    regression_free(&r);
}

/* Of targets that the points tell, and of noise. */
static void best_penalty(void) {
    for (int noise = 0; noise < 2; noise++) {
        const struct points p = linear_examples();
        for (size_t i = 0; noise && i < p.count; i++)
            target[i] = i % 2 == 0;
        struct regression r;
        double own = 0, other = 0;
        EXPECT(regression_fit(&r, &regression_linear, &p) == 0, "%s", error_message());
        EXPECT(regression_linear_left_out(&p, r.penalty, &own) == 0, "%s", error_message());
        for (int i = -12; i <= 8; i++) {
            EXPECT(regression_linear_left_out(&p, pow(10, i / 2.0), &other) == 0, "%s", error_message());
            EXPECT(own <= other, "penalty %g leaves an error of %g, and 10^%g of %g", r.penalty, own, i / 2.0,
                   other);
        }
        EXPECT(noise == 0 ? r.penalty < 1 : r.penalty > 1, "a penalty of %g", r.penalty);
        regression_free(&r);
    }
}

static void equal_targets(void) {
    const struct regression_method *const methods[] = {&regression_gp, &regression_linear};
    const struct points p = draw_points(20, INPUTS);
    for (size_t i = 0; i < p.count; i++)
        target[i] = 3;
    for (size_t m = 0; m < 2; m++) {
        struct regression r;
        double gradient[INPUTS];
        EXPECT(regression_fit(&r, methods[m], &p) == 0, "%s", error_message());
        EXPECT(fabs(methods[m]->predict(&r, point, gradient) - 3) < 1e-12 && fabs(gradient[0]) < 1e-12,
               "%s: %g, slope %g", methods[m]->name, methods[m]->predict(&r, point, gradient), gradient[0]);
        regression_free(&r);
    }
}

static void coefficient_of_determination(void) {
    const double y[4] = {1, 2, 3, 6}, mean[4] = {3, 3, 3, 3}, other[4] = {2, 2, 5, 5};
    EXPECT(r_squared(y, y, 4) == 1, "%g", r_squared(y, y, 4));
    EXPECT(r_squared(y, mean, 4) == 0, "%g", r_squared(y, mean, 4));
    EXPECT(fabs(r_squared(y, other, 4) - (1 - 6.0 / 14)) < 1e-15, "%g", r_squared(y, other, 4));
}

/* A method that counts what it is given. */
static size_t learned[CROSS_VALIDATION_FOLDS], folds, predicted;

static int count_examples(struct regression *r) {
    learned[folds++ % CROSS_VALIDATION_FOLDS] = r->examples.count;
    return 0;
}

static double count_prediction(const struct regression *r, const double *at, double *gradient) {
    (void)gradient;
    for (size_t i = 0; i < r->examples.count; i++)
        EXPECT(r->examples.point[i] != *at, "%g is predicted from itself", *at);
    predicted++;
    return 0;
}

static void sizes_of_folds(void) {
    static const struct regression_method counter = {"counter", count_examples, count_prediction, NULL};
    const struct points p = draw_points(12, 1);
    double r2;
    for (size_t i = 0; i < p.count; i++)
        target[i] = (double)i;
    EXPECT(cross_validate(&counter, &p, 1, &r2) == 0, "%s", error_message());
    EXPECT(folds == CROSS_VALIDATION_FOLDS && predicted == 12, "%zu folds, %zu predictions", folds, predicted);
    for (size_t i = 0; i < CROSS_VALIDATION_FOLDS; i++)
        EXPECT(learned[i] == (i < 2 ? 9 : 10), "fold %zu is learned from %zu", i, learned[i]);
}

/* Of targets that nothing tells, a regression predicts those that it has learned, and no others. */
static void cross_validation(void) {
    struct points p = draw_points(300, INPUTS);
    double r2 = NAN, again = NAN, other = NAN;
    memset(target, 0, sizeof target);
    draw_targets(p.count, 1);
    const struct regression_method *const methods[] = {&regression_gp, &regression_linear};
    for (size_t m = 0; m < 2; m++) {
        EXPECT(cross_validate(methods[m], &p, 1, &r2) == 0, "%s", error_message());
        EXPECT(r2 < 0.03 && r2 > -0.1, "%s: %g of noise", methods[m]->name, r2);
    }
    for (size_t i = 0; i < p.count; i++)
        target[i] += 2 * point[3 * i];
    EXPECT(cross_validate(&regression_linear, &p, 1, &r2) == 0, "%s", error_message());
    EXPECT(fabs(r2 - 0.8) < 0.06, "%g, wanted 4 / 5", r2);
    EXPECT(cross_validate(&regression_linear, &p, 1, &again) == 0 && again == r2, "%g, and again %g", r2, again);
    EXPECT(cross_validate(&regression_linear, &p, 2, &other) == 0 && other != r2, "the seed changes nothing");
    /* Few examples: a regression of 3 inputs fits 10 of them well, also noise. */
    p = draw_points(10, INPUTS);
    memset(target, 0, sizeof target);
    draw_targets(p.count, 1);
    EXPECT(cross_validate(&regression_linear, &p, 1, &r2) == 0, "%s", error_message());
    EXPECT(r2 < 0.2, "%g of noise", r2);
}

int main(void) {
    static const struct test tests[] = {
        {"factor, solution and eigenvalues of 2 x 2 matrices", matrices},
        {"a Gaussian process of two examples, in closed form", process_of_two_examples},
        {"gradients of the predictions, by differences", gradients},
        {"a Gaussian process finds the noise of its examples", process_finds_its_noise},
        {"a Gaussian process of more examples than length and noise are chosen with", process_of_many_examples},
        {"examples that are left out of ridge regression, each by itself", examples_left_out},
        {"ridge regression by elimination", linear_prediction},
        {"the penalty with the least error is taken", best_penalty},
        {"equal targets", equal_targets},
        {"R^2 of given predictions", coefficient_of_determination},
        {"each example is predicted once, from the other folds", sizes_of_folds},
        {"R^2 by cross-validation", cross_validation},
    };
    if (lapack_load() < 0) {
        printf("Bail out! %s\n", error_message());
        return 1;
    }
    return RUN(tests);
}
