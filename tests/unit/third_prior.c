/* SPDX-License-Identifier: MIT */
/* A prior that only this file defines: latents that are independent and have the standard logistic distribution, so
 * that KL has no closed form and there are no components. Nothing but the table entry may be needed for its
 * density, its draws, the ELBO, the importance weights and their gradients. */
#include "base/error.h"
#include "base/noise.h"
#include "dist/latent.h"
#include "dist/log_sum.h"
#include "dist/prior.h"
#include "first_values.h"
#include "layers.h"
#include "test.h"
#include "training_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double half_log_2pi = 0.91893853320467274178;

/* log p(z) = -z - 2 log(1 + exp(-z)) of each latent. */
static double logistic_log_density(const struct prior_state *s, const float *z, float *scratch) {
    double sum = 0;
    (void)scratch;
    for (size_t i = 0; i < s->latent; i++)
        sum += half_log_2pi - fabs((double)z[i]) - 2 * log1p(exp(-fabs((double)z[i])));
    return sum;
}

/* d(-log p(z))/dz = tanh(z / 2). */
static const float *logistic_slope(const struct prior_state *s, const float *z, float *scratch) {
    for (size_t i = 0; i < s->latent; i++)
        scratch[i] = (float)tanh(0.5 * (double)z[i]);
    return scratch;
}

static size_t logistic_scratch(const struct prior_state *s) {
    return s->latent;
}

static double logistic_quantile(double p) {
    return log(p / (1 - p));
}

static void logistic_draw(const struct prior_state *s, float *z, uint64_t seed, uint64_t item) {
    noise_uniform(z, s->latent, (struct noise){.seed = seed, .purpose = PURPOSE_PRIOR, .item = item});
    for (size_t i = 0; i < s->latent; i++)
        z[i] = (float)logistic_quantile(fmax((double)z[i], 0x1p-25));
}

static const struct prior logistic = {
    .name = "logistic",
    .scratch = logistic_scratch,
    .log_density = logistic_log_density,
    .slope = logistic_slope,
    .draw = logistic_draw,
    .quantile = logistic_quantile,
};

/* Calls a test for this prior and for those of the library that need no pseudo-inputs. */
static void each_prior(void (*run)(const struct prior_state *state), size_t latent) {
    const struct prior *const priors[] = {&logistic, &prior_normal};
    for (size_t i = 0; i < sizeof priors / sizeof *priors; i++) {
        struct prior_state state;
        EXPECT(prior_create(&state, priors[i], 0, latent) == 0, "%s: %s", priors[i]->name, error_message());
        run(&state);
        prior_free(&state);
    }
}

static void check_density(const struct prior_state *s) {
    float scratch[1];
    double sum = 0, mean_square = 0, step = 0.01;
    for (double x = -40; x < 40; x += step) {
        const float z = (float)x;
        const double density = exp(s->prior->log_density(s, &z, scratch) - half_log_2pi);
        sum += density * step;
        mean_square += (double)z * (double)z * density * step;
        const float near[2] = {z - 0.01f, z + 0.01f};
        const double difference =
            (s->prior->log_density(s, &near[0], scratch) - s->prior->log_density(s, &near[1], scratch)) /
            ((double)near[1] - (double)near[0]);
        EXPECT(prior_scratch(s) <= 1, "%s: %zu floats of scratch", s->prior->name, prior_scratch(s));
        (void)s->prior->log_density(s, &z, scratch);
        const double slope = (double)*s->prior->slope(s, &z, scratch);
        EXPECT(fabs(slope - difference) < 2e-5 * (1 + fabs(slope)), "%s: slope %g at %g, wanted %g", s->prior->name,
               slope, x, difference);
    }
    EXPECT(fabs(sum - 1) < 1e-5, "%s: integral %.8g", s->prior->name, sum);
    enum { DRAWS = 40000 };
    double squares = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        float z;
        s->prior->draw(s, &z, 3, i);
        squares += (double)z * (double)z;
    }
    /* The kurtosis of the logistic distribution is 4.2, the normal one's is 3. */
    EXPECT(fabs(squares / DRAWS / mean_square - 1) < 4.5 * sqrt(3.2 / DRAWS), "%s: mean square %g, wanted %g",
           s->prior->name, squares / DRAWS, mean_square);
}

static void densities_slopes_and_draws_agree(void) {
    each_prior(check_density, 1);
}

/* The mean of p(z) / q(z|x) over draws from q is 1, if q is wide enough. */
static void check_weights(const struct prior_state *s) {
    enum { DRAWS = 20000 };
    float heads[4] = {0.3f, -0.2f, 1.5f, 1.2f}, sigma[2], epsilon[2], z[2], scratch[2];
    struct log_sum sum = log_sum_empty();
    double squares = 0;
    latent_posterior(heads, sigma, LOGVAR_BOUND, 2);
    for (uint64_t i = 0; i < DRAWS; i++) {
        noise_normal(epsilon, 2, (struct noise){.seed = 8, .item = i});
        latent_draw(heads, sigma, epsilon, z, 2);
        const double log_ratio = prior_log_ratio(s, heads, epsilon, z, s->prior->log_density(s, z, scratch));
        log_sum_add(&sum, log_ratio);
        squares += exp(2 * log_ratio);
    }
    const double mean = exp(log_sum_value(&sum)) / DRAWS, error = sqrt((squares / DRAWS - mean * mean) / DRAWS);
    EXPECT(fabs(mean - 1) < 4.5 * error && error < 0.02, "%s: mean weight %g +- %g", s->prior->name, mean, error);
}

static void importance_weights_average_to_one(void) {
    each_prior(check_weights, 2);
}

#define ROWS 2
#define DRAWS 3
#define ELEMENTS 4
#define LATENT 2

static struct model_config small_model(void) {
    return (struct model_config){.logvar_bound = (double)LOGVAR_BOUND,
                                 .item = {1, {ELEMENTS}},
                                 .latent = LATENT,
                                 .encoder = hidden_of("5"),
                                 .decoder = hidden_of("5"),
                                 .prior = &logistic,
                                 .activation = activation_find("test", "tanh"),
                                 .likelihood = likelihood_find("test", "bernoulli")};
}

static void run_layer(const struct dense_layer *layer, const double *parameter, const double *in, double *out) {
    for (size_t o = 0; o < layer->out; o++) {
        out[o] = parameter[layer->bias + o];
        for (size_t i = 0; i < layer->in; i++)
            out[o] += parameter[layer->weight + o * layer->in + i] * in[i];
        out[o] = layer->hidden ? tanh(out[o]) : out[o];
    }
}

/* log p(x|z) + log p(z) - log q(z|x) of one draw, in double; with *entropy added, q's entropy stands for the last.
 */
static double log_weight(const struct model *m, const double *parameter, const float *x, const float *epsilon,
                         double *entropy) {
    const struct dense_layers list = dense_layers(m);
    double in[ELEMENTS], hidden[5], heads[2 * LATENT], z[LATENT], a[ELEMENTS], sum = 0;
    for (size_t i = 0; i < ELEMENTS; i++)
        in[i] = (double)x[i];
    run_layer(&list.layer[0], parameter, in, hidden);
    run_layer(&list.layer[1], parameter, hidden, heads);
    *entropy = 0;
    for (size_t i = 0; i < LATENT; i++) {
        const double e = (double)epsilon[i], logvar = heads[LATENT + i];
        z[i] = heads[i] + exp(0.5 * logvar) * e;
        sum += half_log_2pi - z[i] - 2 * log1p(exp(-z[i])) + 0.5 * (e * e + logvar);
        *entropy += 0.5 * (1 + logvar) - 0.5 * (e * e + logvar); /* instead of -log q of the draw */
    }
    run_layer(&list.layer[2], parameter, z, hidden);
    run_layer(&list.layer[3], parameter, hidden, a);
    for (size_t i = 0; i < ELEMENTS; i++)
        sum += (double)x[i] * a[i] - log1p(exp(a[i]));
    return sum;
}

/* Minus the objective: elbo, with q's entropy instead of -log q of the draws; or iwae. */
static double reference(const struct model *m, const struct pass *p, const double *parameter, bool importance) {
    double loss = 0;
    for (size_t item = 0; item < ROWS; item++) {
        double mean = 0, mean_weight = 0, entropy;
        for (size_t k = 0; k < DRAWS; k++) {
            const double log_w =
                log_weight(m, parameter, model_x(m, p, item), draw_epsilon(p, m->z, item * DRAWS + k), &entropy);
            mean += (log_w + entropy) / DRAWS;
            mean_weight += exp(log_w) / DRAWS;
        }
        loss -= importance ? log(mean_weight) : mean;
    }
    return loss;
}

static void check_gradient(const struct model *m, const struct pass *p, const double *bounds, bool importance) {
    const struct parameters *table = &m->net.parameters;
    const double h = 1e-5;
    double parameter[200], bound = 0;
    for (size_t i = 0; i < table->size; i++)
        parameter[i] = (double)table->value[i];
    for (size_t item = 0; item < ROWS; item++)
        bound += bounds[item];
    const double wanted_bound = -reference(m, p, parameter, importance);
    EXPECT(fabs(bound - wanted_bound) < 1e-5, "bound %.8g, wanted %.8g", bound, wanted_bound);
    for (size_t i = 0; i < table->size; i++) {
        const double before = parameter[i];
        parameter[i] = before + h;
        const double above = reference(m, p, parameter, importance);
        parameter[i] = before - h;
        const double wanted = (above - reference(m, p, parameter, importance)) / (2 * h);
        parameter[i] = before;
        EXPECT(fabs((double)table->gradient[i] - wanted) < 2e-5 * (1 + fabs(wanted)),
               "gradient of parameter %zu is %.7g, wanted %.7g", i, (double)table->gradient[i], wanted);
    }
}

static void check_objective(const char *name) {
    const struct objective o = {.estimator = estimator_find("test", name), .draws = DRAWS, .beta = 1};
    const struct model_config config = small_model();
    struct model m;
    struct pass p;
    double bound[ROWS];
    if (model_create(&m, &config) < 0 || net_train(&m.net) < 0 ||
        pass_create(&p, &m.net, 0, m.net.layers,
                    &(struct pass_size){.items = ROWS, .draws = DRAWS, .trains = true}) < 0 ||
        m.net.parameters.size > 200) {
        EXPECT(0, "%s: %s", name, error_message());
        return;
    }
    give_first_values(&m, 3);
    for (size_t i = 0; i < m.net.parameters.size; i++)
        m.net.parameters.value[i] *= 2;
    net_pack(&m.net);
    noise_uniform(model_x(&m, &p, 0), ROWS * ELEMENTS, (struct noise){.seed = 4});
    set_epsilon(&m, &p, 5);
    run_training_pass(&p, &m, &(struct step){.objective = &o, .items = ROWS, .beta = 1}, bound);
    add_gradients(&p, ROWS);
    check_gradient(&m, &p, bound, o.estimator->importance);
    pass_free(&p);
    model_free(&m);
}

static void elbo_and_its_gradient(void) {
    check_objective("elbo");
}

static void importance_weighted_bound_and_its_gradient(void) {
    check_objective("iwae");
}

int main(void) {
    static const struct test tests[] = {
        {"densities, slopes and draws agree", densities_slopes_and_draws_agree},
        {"importance weights average to 1", importance_weights_average_to_one},
        {"the ELBO and its gradient", elbo_and_its_gradient},
        {"the importance-weighted bound and its gradient", importance_weighted_bound_and_its_gradient},
    };
    return RUN(tests);
}
