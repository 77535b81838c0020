/* SPDX-License-Identifier: MIT */
/* The mixture that a prior may be: a density, its gradients against differences, and its draws. */
#include "base/error.h"
#include "dist/mixture.h"
#include "test.h"

#include <math.h>

#define K 3
#define LATENT 2

/* mu, logvar of each. */
static const float heads[K][2 * LATENT] = {
    {0.5f, -1.0f, 0.2f, -0.7f}, {-1.5f, 0.3f, -1.0f, 0.4f}, {2.0f, 1.0f, 0.0f, -2.0f}};

static struct mixture start(void) {
    struct mixture m;
    if (mixture_create(&m, K, LATENT) < 0)
        EXPECT(0, "%s", error_message());
    m.heads = &heads[0][0];
    mixture_refresh(&m, 0, K);
    return m;
}

/* In double, with the constant. */
static double density(const double *z) {
    double sum = 0;
    for (size_t k = 0; k < K; k++) {
        double log_density = 0;
        for (size_t i = 0; i < LATENT; i++) {
            const double v = exp((double)heads[k][LATENT + i]), d = z[i] - (double)heads[k][i];
            log_density -= 0.5 * (log(2 * acos(-1) * v) + d * d / v);
        }
        sum += exp(log_density) / K;
    }
    return sum;
}

static void is_the_density_and_its_shares(void) {
    struct mixture m = start();
    double sum = 0, worst = 0, shares = 0;
    for (double x = -8; x < 8; x += 0.05)
        for (double y = -8; y < 8; y += 0.05) {
            const float z[LATENT] = {(float)x, (float)y};
            float responsibility[K];
            const double found = mixture_log_density(&m, z, responsibility) - LATENT * 0.5 * log(2 * acos(-1));
            const double wanted = log(density((double[]){(double)z[0], (double)z[1]}));
            worst = fmax(worst, fabs(found - wanted) / (1 + fabs(wanted)));
            shares = fmax(shares, fabs((double)responsibility[0] + (double)responsibility[1] +
                                       (double)responsibility[2] - 1));
            sum += exp(found) * 0.05 * 0.05;
        }
    EXPECT(fabs(sum - 1) < 1e-4, "sums to %g, wanted 1", sum);
    /* A distance in floats is rounded six times, at 6e-8 each, and its precision's exponential is off by 2e-7. */
    EXPECT(worst < 6e-7, "log density off by %g of itself", worst);
    EXPECT(shares < 1e-6, "shares sum to 1 but for %g", shares);
    mixture_free(&m);
}

/* In double it is the same, and finite where the square of a distance overflows floats. */
static void is_the_same_in_double(void) {
    struct mixture m = start();
    float responsibility[K];
    for (double x = -8; x < 8; x += 0.7) {
        const float z[LATENT] = {(float)x, (float)(3 - x)};
        const double found = mixture_log_density_wide(&m, z), wanted = mixture_log_density(&m, z, responsibility);
        EXPECT(fabs(found - wanted) < 1e-6 * (1 + fabs(wanted)), "at %g: %g, wanted %g", x, found, wanted);
    }
    const float far[LATENT] = {1e20f, 0};
    EXPECT(!isfinite(mixture_log_density(&m, far, responsibility)), "far away, in floats");
    const double found = mixture_log_density_wide(&m, far), wanted = -0.5e40 / exp((double)heads[0][LATENT]);
    EXPECT(fabs(found / wanted - 1) < 1e-6, "far away: %g, wanted %g", found, wanted);
    mixture_free(&m);
}

/* With more components than are computed together, and another number of latents. */
static void many_components(void) {
    enum { MANY = 150, NUMBERS = 5 };
    static float many[MANY][2 * NUMBERS];
    float responsibility[MANY], z[NUMBERS] = {0.4f, -0.1f, 0.2f, 0.9f, -0.6f};
    double share = 0;
    for (int k = 0; k < MANY; k++)
        for (int i = 0; i < 2 * NUMBERS; i++)
            many[k][i] = (float)sin(17.0 * k + 3.0 * i);
    struct mixture m;
    if (mixture_create(&m, MANY, NUMBERS) < 0)
        EXPECT(0, "%s", error_message());
    m.heads = &many[0][0];
    mixture_refresh(&m, 0, 70);
    mixture_refresh(&m, 70, MANY - 70);
    const double found = mixture_log_density(&m, z, responsibility), wanted = mixture_log_density_wide(&m, z);
    EXPECT(fabs(found - wanted) < 1e-6, "%g, wanted %g", found, wanted);
    for (int k = 0; k < MANY; k++) {
        double log_density = -log(MANY) - wanted;
        for (int i = 0; i < NUMBERS; i++) {
            const double logvar = (double)many[k][NUMBERS + i], d = (double)z[i] - (double)many[k][i];
            log_density -= 0.5 * (logvar + d * d * exp(-logvar));
        }
        share += (double)responsibility[k];
        EXPECT(fabs((double)responsibility[k] - exp(log_density)) < 1e-6, "component %d: %g, wanted %g", k,
               (double)responsibility[k], exp(log_density));
    }
    EXPECT(fabs(share - 1) < 1e-5, "the shares sum to %g", share);
    mixture_free(&m);
}

static void gradients_match_central_differences(void) {
    struct mixture m = start();
    const float z[LATENT] = {0.3f, -0.2f};
    float responsibility[K], prior_slope[LATENT], dheads[2 * LATENT] = {0};
    (void)mixture_log_density(&m, z, responsibility);
    mixture_slope(&m, z, responsibility, prior_slope);
    for (size_t i = 0; i < LATENT; i++) {
        double up[LATENT] = {(double)z[0], (double)z[1]}, down[LATENT] = {(double)z[0], (double)z[1]};
        up[i] += 1e-6;
        down[i] -= 1e-6;
        const double wanted = -(log(density(up)) - log(density(down))) / 2e-6;
        EXPECT(fabs((double)prior_slope[i] - wanted) < 1e-5, "slope %zu is %g, wanted %g", i,
               (double)prior_slope[i], wanted);
    }
    /* Of -log N(z; mu_1, sigma_1^2), by its closed form. */
    mixture_gradient(&m, 1, z, 0.5f, dheads);
    for (size_t i = 0; i < LATENT; i++) {
        const double v = exp((double)heads[1][LATENT + i]), d = (double)heads[1][i] - (double)z[i];
        EXPECT(fabs((double)dheads[i] - 0.5 * d / v) < 1e-6, "by mu %zu: %g", i, (double)dheads[i]);
        EXPECT(fabs((double)dheads[LATENT + i] - 0.25 * (1 - d * d / v)) < 1e-6, "by logvar %zu: %g", i,
               (double)dheads[LATENT + i]);
    }
    mixture_free(&m);
}

/* Each is as likely as the others, within 4 standard errors, and z is spread around its mean. */
static void draws_are_its_own(void) {
    struct mixture m = start();
    const int n = 30000;
    double mean[LATENT] = {0}, square[LATENT] = {0};
    for (int i = 0; i < n; i++) {
        float z[LATENT];
        mixture_draw(&m, z, 9, (uint64_t)i);
        for (size_t j = 0; j < LATENT; j++) {
            mean[j] += (double)z[j] / n;
            square[j] += (double)z[j] * (double)z[j] / n;
        }
    }
    for (size_t j = 0; j < LATENT; j++) {
        double wanted = 0, wanted_square = 0;
        for (size_t k = 0; k < K; k++) {
            const double mu = (double)heads[k][j];
            wanted += mu / K;
            wanted_square += (mu * mu + exp((double)heads[k][LATENT + j])) / K;
        }
        const double error = sqrt((wanted_square - wanted * wanted) / n);
        EXPECT(fabs(mean[j] - wanted) < 4 * error, "mean %g, wanted %g", mean[j], wanted);
        EXPECT(fabs(square[j] / wanted_square - 1) < 0.04, "square %g, wanted %g", square[j], wanted_square);
    }
    mixture_free(&m);
}

int main(void) {
    static const struct test tests[] = {
        {"it is the density that its formula says, and sums to 1", is_the_density_and_its_shares},
        {"it is the same in double, and finite far away", is_the_same_in_double},
        {"many components have their shares", many_components},
        {"its gradients match central differences", gradients_match_central_differences},
        {"its draws have its mean and variance", draws_are_its_own},
    };
    return RUN(tests);
}
