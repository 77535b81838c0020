/* SPDX-License-Identifier: MIT */
/* The whole ELBO and its gradient by every parameter, for every activation and likelihood, against a plain
 * reference in double that shares no code with the library but its table of layers. */
#include "base/error.h"
#include "dist/latent.h"
#include "first_values.h"
#include "layers.h"
#include "test.h"
#include "training_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3
#define MAX_UNITS 2000
#define CLASSES 4
#define LABEL(row) (((row)*2 + 1) % CLASSES)

static double activation(const char *name, double x) {
    switch (name[0]) {
    case 'r':
        return x > 0 ? x : 0;
    case 't':
        return tanh(x);
    case 'e':
        return x > 0 ? x : expm1(x);
    case 's':
        if (name[1] == 'i')
            return x / (1 + exp(-x));
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    default:
        return 0.5 * x * erfc(-x / sqrt(2));
    }
}

/* Of one element, a its numbers from the decoder and s its scale. */
static double negative_log(const struct model_config *c, const double *a, double s, double x) {
    const char *name = c->likelihood->name;
    if (strcmp(name, "bernoulli") == 0)
        return -(x * log(1 / (1 + exp(-*a))) + (1 - x) * log(1 / (1 + exp(*a))));
    if (strcmp(name, "laplace") == 0)
        return log(2 * s) + fabs(x - *a) / s;
    if (strcmp(name, "cbernoulli") == 0)
        return log(expm1(*a) / *a) - x * *a;
    if (strcmp(name, "dlogistic") == 0) {
        const double above = x > 0.999 ? 1 : 1 / (1 + exp(-(x + 0.5 / 255 - *a) / s));
        return -log(above - (x < 0.001 ? 0 : 1 / (1 + exp(-(x - 0.5 / 255 - *a) / s))));
    }
    if (strcmp(name, "categorical") == 0) {
        double sum = 0;
        for (size_t k = 0; k < c->levels; k++)
            sum += exp(a[k]);
        return log(sum) - a[(size_t)x];
    }
    if (strcmp(name, "poisson") == 0)
        return exp(*a) - x * *a + lgamma(x + 1);
    if (strcmp(name, "negbin") == 0) {
        const double r = 1 / s, p = r / (r + exp(*a)); /* of success, before the r-th of which x failures come */
        return lgamma(x + 1) + lgamma(r) - lgamma(x + r) - r * log(p) - x * log(1 - p);
    }
    return 0.5 * log(2 * acos(-1) * s * s) + (x - *a) * (x - *a) / (2 * s * s);
}

/* The scale of element i, from wherever it comes; `best` where that is the batch. */
static double scale(const struct model *m, const double *parameter, const double *a, size_t i, double best) {
    switch (m->config.scale) {
    case SCALE_SHARED:
        return exp(parameter[scale_offset(m)]);
    case SCALE_PER_DIM:
        return exp(parameter[scale_offset(m) + i]);
    case SCALE_NET:
        return exp(a[1]);
    case SCALE_OPTIMAL:
        return best;
    default:
        return m->config.sigma;
    }
}

/* What the encoder sees of element i. */
static void see(const struct model *m, double *in, size_t i, double x) {
    const size_t levels = m->config.levels;
    for (size_t k = 0; m->config.likelihood->has_levels && k < levels; k++)
        in[i * levels + k] = !isnan(x) && k == (size_t)x;
    if (!m->config.likelihood->has_levels)
        in[i] = isnan(x) ? 0 : m->config.likelihood->min == 0 && m->config.likelihood->steps == 1 ? log(1 + x) : x;
}

/* The sum of products, as four sums that do not wait for each other: nearly all of the time goes here. The
 * parameters are the test's own, so that sanitizers need not look at each. */
__attribute__((no_sanitize("address", "undefined"))) static double dot(const double *a, const double *b, size_t n) {
    double first = 0, second = 0, third = 0, fourth = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        first += a[i] * b[i];
        second += a[i + 1] * b[i + 1];
        third += a[i + 2] * b[i + 2];
        fourth += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++)
        first += a[i] * b[i];
    return first + second + (third + fourth);
}

/* KL of one item, given the parameters and epsilon, and the decoder's output. Its label is `label`, if there are
 * any. */
static double reference(const struct model *m, const struct dense_layers *list, const double *parameter,
                        const float *x, size_t label, const float *epsilon, double *out) {
    const size_t classes = m->config.classes;
    double in[MAX_UNITS], loss = 0;
    for (size_t i = 0; i < m->elements; i++)
        see(m, in, i, (double)x[i]);
    for (size_t i = 0; m->config.missing && i < m->elements; i++)
        in[m->encoder_inputs - classes - m->elements + i] = !isnan(x[i]);
    for (size_t k = 0; k < classes; k++)
        in[m->encoder_inputs - classes + k] = k == label;
    for (size_t l = 0; l < list->count; l++) {
        const struct dense_layer *layer = &list->layer[l];
        for (size_t o = 0; o < layer->out; o++)
            out[o] = parameter[layer->bias + o] + dot(parameter + layer->weight + o * layer->in, in, layer->in);
        const bool gated = layer->hidden && layer->group == 2;
        for (size_t i = 0; i < (gated ? layer->out / 2 : layer->out); i++)
            in[i] =
                (layer->residual ? in[i] : 0) + (gated           ? out[2 * i] / (1 + exp(-out[2 * i + 1]))
                                                 : layer->hidden ? activation(m->config.activation->name, out[i])
                                                                 : out[i]);
        for (size_t i = 0; l == list->heads && i < m->config.latent; i++) {
            const double mu = out[i], logvar = out[m->config.latent + i];
            in[i] = mu + exp(0.5 * logvar) * (double)epsilon[i];
            loss += 0.5 * (exp(logvar) + mu * mu - 1 - logvar);
        }
        for (size_t k = 0; l == list->heads && k < classes; k++)
            in[m->config.latent + k] = k == label;
    }
    return loss;
}

/* The scale that is the best for the batch. */
static double best_scale(const struct model *m, const struct pass *p, double out[ROWS][MAX_UNITS]) {
    const double power = m->config.likelihood->power;
    const float *x = model_x(m, p, 0);
    double sum = 0, count = 0;
    for (size_t i = 0; i < ROWS * m->elements; i++)
        if (!isnan(x[i])) {
            sum += pow(fabs((double)x[i] - out[i / m->elements][i % m->elements * m->segment.outputs]), power);
            count++;
        }
    return pow(sum / count, 1 / power);
}

/* -ELBO of the batch. */
static double reference_batch(const struct model *m, const double *parameter, const struct pass *p) {
    static double out[ROWS][MAX_UNITS];
    const struct dense_layers list = dense_layers(m);
    double loss = 0;
    for (size_t row = 0; row < ROWS; row++)
        loss +=
            reference(m, &list, parameter, model_x(m, p, row), LABEL(row), draw_epsilon(p, m->z, row), out[row]);
    const double best = best_scale(m, p, out);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t i = 0; i < m->elements; i++) {
            const double *a = out[row] + i * m->segment.outputs, x = (double)model_x(m, p, row)[i];
            loss += isnan(x) ? 0 : negative_log(&m->config, a, scale(m, parameter, a, i, best), x);
        }
    return loss;
}

static void run_pass(struct pass *p, const struct model *m) {
    const struct objective elbo = {.estimator = estimator_find("test", "elbo"), .draws = 1, .beta = 1};
    const struct step step = {.objective = &elbo, .batch = ROWS, .items = ROWS, .beta = 1};
    double bound[ROWS];
    for (size_t row = 0; m->label != NO_LAYER && row < ROWS; row++)
        model_set_label(m, p, row, (uint32_t)LABEL(row));
    run_training_pass(p, m, &step, bound);
    add_gradients(p, ROWS);
}

/* Of every `each`-th parameter. */
static void check_gradient(const struct model *m, const struct pass *p, size_t each, const char *what) {
    const struct parameters *table = &m->net.parameters;
    const double h = 1e-5;
    double *parameter = malloc(table->size * sizeof *parameter), loss = 0;
    for (size_t i = 0; i < table->size; i++)
        parameter[i] = (double)table->value[i];
    for (size_t row = 0; row < ROWS; row++)
        loss += likelihood_of_draw(p, m->likelihood, row) + draw_kl(p, m->z, row);
    const double wanted_loss = reference_batch(m, parameter, p);
    EXPECT(fabs(loss - wanted_loss) < 2e-6 * (1 + fabs(wanted_loss)), "%s: loss %.8g, wanted %.8g", what, loss,
           wanted_loss);
    for (size_t i = 0; i < table->size; i += each) {
        if (m->config.scale == SCALE_OPTIMAL && i == scale_offset(m))
            continue; /* is not learned */
        const double before = parameter[i];
        parameter[i] = before + h;
        const double above = reference_batch(m, parameter, p);
        parameter[i] = before - h;
        const double wanted = (above - reference_batch(m, parameter, p)) / (2 * h);
        parameter[i] = before;
        EXPECT(fabs((double)table->gradient[i] - wanted) < 2e-5 * (1 + fabs(wanted)),
               "%s: gradient of parameter %zu is %.7g, wanted %.7g", what, i, (double)table->gradient[i], wanted);
    }
    free(parameter);
}

/* Items that the likelihood can hold. */
static void make_items(const struct model *m, const struct pass *p) {
    const size_t n = ROWS * m->elements;
    float *x = model_x(m, p, 0);
    noise_uniform(x, n, (struct noise){.seed = 4});
    for (size_t i = 0; m->config.likelihood->steps == 1 && i < n; i++)
        x[i] = floorf(x[i] * (i % 3 == 0 && !m->config.likelihood->has_levels ? 40.0f : 5.0f));
    for (size_t i = 0; m->config.likelihood->steps == 255 && i < n; i++)
        x[i] = i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : rintf(255 * x[i]) / 255;
    for (size_t i = 0; m->config.missing && i < n; i++)
        x[i] = i % 7 < 2 || i % m->elements == 3 ? NAN : x[i];
}

static void check_model(const struct model_config *config, size_t each, const char *what) {
    struct model m;
    struct pass p;
    if (model_create(&m, config) < 0 || net_train(&m.net) < 0 ||
        pass_create(&p, &m.net, 0, m.net.layers, &(struct pass_size){.items = ROWS, .draws = 1, .trains = true}) <
            0) {
        EXPECT(0, "%s: %s", what, error_message());
        return;
    }
    give_first_values(&m, 3);
    for (size_t i = 0; i < scale_count(&m); i++)
        m.net.parameters.value[scale_offset(&m) + i] += 0.1f * (float)(i % 5);
    net_pack(&m.net);
    make_items(&m, &p);
    set_epsilon(&m, &p, 5);
    run_pass(&p, &m);
    check_gradient(&m, &p, each, what);
    pass_free(&p);
    model_free(&m);
}

static void check_likelihood(const char *likelihood, enum scale scale) {
    static const char *const activations[] = {"relu", "tanh", "elu", "softplus", "gelu", "silu", "gated"};
    struct model_config c = {.logvar_bound = (double)LOGVAR_BOUND,
                             .item = {2, {3, 2}},
                             .latent = 3,
                             .encoder = hidden_of("7,5"),
                             .decoder = hidden_of("6"),
                             .prior = &prior_normal};
    c.likelihood = likelihood_find("test", likelihood);
    c.sigma = 0.6;
    c.scale = scale;
    c.levels = 5;
    char what[64];
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        c.activation = activation_find("test", activations[i]);
        snprintf(what, sizeof what, "%s %s %s", likelihood, scale_name(scale), activations[i]);
        check_model(&c, 1, what);
    }
    c.classes = CLASSES;
    check_model(&c, 1, "given labels");
    c.missing = true;
    check_model(&c, 1, "given labels, elements missing");
    c.classes = 0;
    check_model(&c, 1, "elements missing");
    c.missing = false;
    c.encoder = hidden_of("7,res,res,5");
    c.decoder = hidden_of("res,6");
    check_model(&c, 1, "residual blocks with gates");
    c.activation = activation_find("test", "gelu");
    check_model(&c, 1, "residual blocks");
    c.encoder.layers = c.decoder.layers = 0;
    check_model(&c, 1, "no hidden layers");
}

static void check_scales(const char *likelihood) {
    for (int scale = 0; scale < SCALES; scale++)
        if (likelihood_find("test", likelihood)->scales >> scale & 1)
            check_likelihood(likelihood, (enum scale)scale);
}

static void bernoulli_elbo(void) {
    check_likelihood("bernoulli", SCALE_FIXED);
}

static void laplace_elbo(void) {
    check_scales("laplace");
}

static void continuous_bernoulli_elbo(void) {
    check_likelihood("cbernoulli", SCALE_FIXED);
}

static void logistic_elbo(void) {
    check_scales("dlogistic");
}

static void categorical_elbo(void) {
    check_likelihood("categorical", SCALE_FIXED);
}

static void poisson_elbo(void) {
    check_likelihood("poisson", SCALE_FIXED);
}

static void negative_binomial_elbo(void) {
    check_scales("negbin");
}

static void gaussian_elbo(void) {
    check_scales("gaussian");
}

/* Layers so wide that they are trained in parts: their sums must have them all. */
static void wide_layers(void) {
    struct model_config c = {.logvar_bound = (double)LOGVAR_BOUND,
                             .item = {1, {300}},
                             .latent = 2,
                             .encoder = hidden_of("304,256"),
                             .decoder = hidden_of("256,304"),
                             .prior = &prior_normal};
    c.likelihood = likelihood_find("test", "bernoulli");
    c.activation = activation_find("test", "gated");
    check_model(&c, 5003, "wide layers with gates");
    c.activation = activation_find("test", "gelu");
    check_model(&c, 5003, "wide layers");
    c.sigma = 0.6;
    c.likelihood = likelihood_find("test", "gaussian");
    for (int scale = 0; scale < SCALES; scale++) {
        c.scale = (enum scale)scale;
        check_model(&c, 5003, scale_name(c.scale));
    }
    c.scale = SCALE_FIXED;
    c.levels = 5;
    c.likelihood = likelihood_find("test", "categorical");
    check_model(&c, 5003, "wide categorical");
    c.missing = true;
    check_model(&c, 5003, "wide categorical, elements missing");
}

/* Where logvar would make exp overflow, the figures are those at the bound. */
static void logvar_is_bounded(void) {
    float heads[4] = {0, 0, 1e6f, -1e6f}, sigma[2];
    latent_posterior(heads, sigma, LOGVAR_BOUND, 2);
    EXPECT(heads[2] == LOGVAR_BOUND && heads[3] == -LOGVAR_BOUND, "logvar %g %g", (double)heads[2],
           (double)heads[3]);
    EXPECT(isfinite(latent_kl(heads, sigma, 2)), "kl %g", latent_kl(heads, sigma, 2));
    float bad[2] = {0, NAN};
    latent_posterior(bad, sigma, LOGVAR_BOUND, 1);
    EXPECT(isnan(latent_kl(bad, sigma, 1)), "NaN became kl %g", latent_kl(bad, sigma, 1));
}

int main(void) {
    static const struct test tests[] = {
        {"the Bernoulli ELBO and its gradient, for every activation", bernoulli_elbo},
        {"the Gaussian ELBO and its gradient, for every activation and scale", gaussian_elbo},
        {"the Laplace ELBO and its gradient", laplace_elbo},
        {"the continuous Bernoulli ELBO and its gradient", continuous_bernoulli_elbo},
        {"the discretized logistic ELBO and its gradient", logistic_elbo},
        {"the categorical ELBO and its gradient", categorical_elbo},
        {"the Poisson ELBO and its gradient", poisson_elbo},
        {"the negative binomial ELBO and its gradient", negative_binomial_elbo},
        {"the same for layers so wide that they are trained in parts", wide_layers},
        {"logvar is bounded where exp could overflow", logvar_is_bounded},
    };
    return RUN(tests);
}
