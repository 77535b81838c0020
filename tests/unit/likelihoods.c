/* Densities against closed forms and integrals, draws against means, KL against an integral. */
#include "test.h"
#include "vae/items.h"
#include "vae/latent.h"
#include "vae/likelihood.h"
#include "vae/prior.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static void bernoulli_is_its_probability(void) {
    const struct likelihood *l = likelihood_find("test", "bernoulli");
    for (double logit = -8; logit <= 8; logit += 0.5) {
        const float a = (float)logit, one = 1, zero = 0;
        const double p = 1 / (1 + exp(-logit));
        EXPECT(fabs(l->negative_log(0, &a, &one, NULL, 1) + log(p)) < 1e-6 * (1 - log(p)), "p(1) at %g", logit);
        EXPECT(fabs(l->negative_log(0, &a, &zero, NULL, 1) + log1p(-p)) < 1e-6 * (1 - log1p(-p)), "p(0) at %g",
               logit);
        float mean = a;
        l->mean(&mean, 1);
        EXPECT(fabs((double)mean - p) < 2e-7, "mean at %g is %g", logit, (double)mean);
    }
}

/* The density with its constants: it integrates to 1, and is right at its top. */
static void gaussian_is_a_density(void) {
    const struct likelihood *l = likelihood_find("test", "gaussian");
    for (double sigma = 0.1; sigma < 5; sigma *= 2.3) {
        const float a = 0.3f;
        double integral = 0;
        const double step = sigma / 100;
        for (int i = -1000; i <= 1000; i++) {
            const float x = (float)((double)a + i * step);
            integral += exp(-l->negative_log(sigma, &a, &x, NULL, 1)) * step;
        }
        EXPECT(fabs(integral - 1) < 1e-4, "sigma %g: integral %g", sigma, integral);
        const double top = l->negative_log(sigma, &a, &a, NULL, 1);
        EXPECT(fabs(top - 0.5 * log(2 * pi * sigma * sigma)) < 1e-6, "sigma %g: -log density %g at the mean", sigma,
               top);
    }
}

/* The default sigma's promise: -log p = ||x - a||^2 and a constant. */
static void sigma_of_sqrt_half_is_squared_error(void) {
    const struct likelihood *l = likelihood_find("test", "gaussian");
    const float a[3] = {0.5f, -1, 2}, x[3] = {1, 1, 1};
    const double constant = 3 * 0.5 * log(pi);
    EXPECT(fabs(l->negative_log(sqrt(0.5), a, x, NULL, 3) - constant - 5.25) < 1e-5, "%g",
           l->negative_log(sqrt(0.5), a, x, NULL, 3) - constant);
}

#define DRAWS 40000

static void draws_have_the_likelihoods_mean_and_variance(void) {
    static const char *const names[] = {"bernoulli", "gaussian"};
    const double sigma = 0.4, logit = 0.8, p = 1 / (1 + exp(-logit));
    const double means[2] = {p, logit}, variances[2] = {p * (1 - p), sigma * sigma};
    for (int i = 0; i < 2; i++) {
        static float x[DRAWS];
        double sum = 0, squares = 0;
        for (int j = 0; j < DRAWS; j++)
            x[j] = (float)logit;
        likelihood_find("test", names[i])
            ->draw(sigma, x, DRAWS, (struct noise){.seed = 2, .purpose = PURPOSE_LIKELIHOOD});
        for (int j = 0; j < DRAWS; j++) {
            sum += (double)x[j];
            squares += pow((double)x[j] - means[i], 2);
        }
        EXPECT(fabs(sum / DRAWS - means[i]) < 5 * sqrt(variances[i] / DRAWS), "%s: mean %g", names[i], sum / DRAWS);
        EXPECT(fabs(squares / DRAWS / variances[i] - 1) < 0.05, "%s: variance %g", names[i], squares / DRAWS);
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
        latent_posterior(heads, &sigma, 1);
        EXPECT(fabs(latent_kl(heads, &sigma, 1) - integral) < 1e-5 * (1 + integral), "case %zu: %g, wanted %g", i,
               latent_kl(heads, &sigma, 1), integral);
    }
}

/* E_q[log p(z) - log q(z|x)] = -KL: the importance weight's ratio against KL's closed form, within error bars. */
static void log_ratio_averages_to_minus_kl(void) {
    float heads[4] = {0.6f, -1.1f, -0.8f, 0.4f}, sigma[2], epsilon[2], z[2];
    double sum = 0, squares = 0;
    latent_posterior(heads, sigma, 2);
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
        const double z = prior_quantile(p);
        EXPECT(fabs(0.5 * erfc(-z / sqrt(2)) / p - 1) < 1e-10, "p %g: z %g", p, z);
        EXPECT(fabs(z + prior_quantile(1 - p)) < 1e-6, "p %g: not symmetric", p);
    }
    EXPECT(fabs(prior_quantile(0.975) - 1.959963984540054) < 1e-12, "%.15g", prior_quantile(0.975));
    EXPECT(prior_quantile(0.5) == 0, "%g", prior_quantile(0.5));
}

/* Each grey level v is drawn as 1 with probability v/255, anew for each item number. */
static void binarize_draws_with_the_pixels_probability(void) {
    static unsigned char pixels[DRAWS];
    static float x[DRAWS], again[DRAWS], other[DRAWS];
    for (int level = 0; level <= 255; level += 51) {
        const double p = level / 255.0;
        double sum = 0;
        int same = 0;
        memset(pixels, level, sizeof pixels);
        item_to_float(DTYPE_U8, pixels, DRAWS, BINARIZE_SAMPLE, (struct noise){.seed = 5, .item = 1}, x);
        item_to_float(DTYPE_U8, pixels, DRAWS, BINARIZE_SAMPLE, (struct noise){.seed = 5, .item = 1}, again);
        item_to_float(DTYPE_U8, pixels, DRAWS, BINARIZE_SAMPLE, (struct noise){.seed = 5, .item = 2}, other);
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

int main(void) {
    static const struct test tests[] = {
        {"bernoulli is the probability of its logit", bernoulli_is_its_probability},
        {"gaussian is a density, constants included", gaussian_is_a_density},
        {"sigma = sqrt(1/2) is the squared error and a constant", sigma_of_sqrt_half_is_squared_error},
        {"draws have the likelihood's mean and variance", draws_have_the_likelihoods_mean_and_variance},
        {"KL in closed form is its integral", kl_is_its_integral},
        {"log p(z) - log q(z|x) averages to -KL", log_ratio_averages_to_minus_kl},
        {"quantiles invert the normal distribution", quantiles_invert_the_distribution},
        {"binarization draws with the pixel's probability", binarize_draws_with_the_pixels_probability},
    };
    return RUN(tests);
}
