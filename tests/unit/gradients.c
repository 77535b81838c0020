/* The whole ELBO and its gradient by every parameter, for every activation and likelihood, against a plain
 * reference in double that shares no code with the library but its table of layers. */
#include "base/error.h"
#include "test.h"
#include "vae/latent.h"
#include "vae/pass.h"
#include "vae/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3
#define MAX_UNITS 320

static double activation(const char *name, double x) {
    switch (name[0]) {
    case 'r':
        return x > 0 ? x : 0;
    case 't':
        return tanh(x);
    case 'e':
        return x > 0 ? x : expm1(x);
    case 's':
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    default:
        return 0.5 * x * erfc(-x / sqrt(2));
    }
}

static double negative_log(const struct model_config *c, double a, double x) {
    if (strcmp(c->likelihood->name, "bernoulli") == 0)
        return -(x * log(1 / (1 + exp(-a))) + (1 - x) * log(1 / (1 + exp(a))));
    return 0.5 * log(2 * acos(-1) * c->sigma * c->sigma) + (x - a) * (x - a) / (2 * c->sigma * c->sigma);
}

/* -ELBO of one item, given the parameters and epsilon. */
static double reference(const struct model *m, const double *parameter, const float *x, const float *epsilon) {
    double in[MAX_UNITS], out[MAX_UNITS], loss = 0;
    for (size_t i = 0; i < m->elements; i++)
        in[i] = (double)x[i];
    for (size_t l = 0; l < m->layers; l++) {
        const struct linear *layer = &m->layer[l];
        for (size_t o = 0; o < layer->out; o++) {
            double sum = parameter[layer->bias + o];
            for (size_t i = 0; i < layer->in; i++)
                sum += parameter[layer->weight + o * layer->in + i] * in[i];
            out[o] = l == m->heads || l == m->last ? sum : activation(m->config.activation->name, sum);
        }
        memcpy(in, out, sizeof in);
        for (size_t i = 0; l == m->heads && i < m->config.latent; i++) {
            const double mu = out[i], logvar = out[m->config.latent + i];
            in[i] = mu + exp(0.5 * logvar) * (double)epsilon[i];
            loss += 0.5 * (exp(logvar) + mu * mu - 1 - logvar);
        }
    }
    for (size_t i = 0; i < m->elements; i++)
        loss += negative_log(&m->config, out[i], (double)x[i]);
    return loss;
}

static double reference_batch(const struct model *m, const double *parameter, const struct pass *p) {
    double loss = 0;
    for (size_t row = 0; row < ROWS; row++)
        loss += reference(m, parameter, p->x + row * m->elements, p->epsilon + row * m->config.latent);
    return loss;
}

static void run_pass(struct pass *p) {
    const struct model *m = p->model;
    const struct objective elbo = {estimator_find("test", "elbo"), 1, 1, 0, 0};
    struct parameters *parameters = (struct parameters *)&m->parameters;
    pass_encode(p, 0, ROWS);
    pass_draw(p, 0, ROWS);
    pass_decode(p, 0, ROWS);
    const size_t parts = p->parts, units = plan_units(m->elements, m->layer[m->last].in * m->elements);
    for (size_t part = 0; part < parts; part++) {
        const size_t first = part * units, end = part + 1 == parts ? m->elements : first + units;
        pass_likelihood(p, &(struct tile){0, ROWS, first, end - first}, true);
    }
    for (size_t l = m->last; l > 0; l--) {
        /* In tiles of a part of the units, as wide layers are trained. */
        const size_t out = m->layer[l].out, each = plan_units(out, m->layer[l].in * out);
        for (size_t first = 0; first < out; first += each)
            pass_backward(p, l, &(struct tile){0, ROWS, first, out - first < each ? out - first : each});
        if (l == m->last)
            pass_weigh(p, 0, ROWS, &elbo);
        pass_backward_sum(p, l, 0, 1);
        pass_backward_sum(p, l, 1, ROWS - 1);
        if (l == m->heads + 1)
            pass_posterior_backward(p, 0, ROWS, &elbo, 1);
    }
    for (size_t l = 0; l < m->layers; l++) {
        /* In two parts, as slices of a layer are trained. */
        const size_t part = m->layer[l].out / 2;
        linear_gradient(&m->layer[l], p->delta[l], pass_input(p, l), ROWS, 0, part, 1, parameters->gradient);
        linear_gradient(&m->layer[l], p->delta[l], pass_input(p, l), ROWS, part, m->layer[l].out - part, 1,
                        parameters->gradient);
    }
}

/* Of every `each`-th parameter. */
static void check_gradient(const struct model *m, const struct pass *p, size_t each, const char *what) {
    const double h = 1e-5;
    double *parameter = malloc(m->parameters.size * sizeof *parameter), loss = 0;
    for (size_t i = 0; i < m->parameters.size; i++)
        parameter[i] = (double)m->parameters.value[i];
    for (size_t row = 0; row < ROWS; row++)
        loss += pass_negative_log(p, row) + p->kl[row];
    const double wanted_loss = reference_batch(m, parameter, p);
    EXPECT(fabs(loss - wanted_loss) < 2e-6 * (1 + fabs(wanted_loss)), "%s: loss %.8g, wanted %.8g", what, loss,
           wanted_loss);
    for (size_t i = 0; i < m->parameters.size; i += each) {
        const double before = parameter[i];
        parameter[i] = before + h;
        const double above = reference_batch(m, parameter, p);
        parameter[i] = before - h;
        const double wanted = (above - reference_batch(m, parameter, p)) / (2 * h);
        parameter[i] = before;
        EXPECT(fabs((double)m->parameters.gradient[i] - wanted) < 2e-5 * (1 + fabs(wanted)),
               "%s: gradient of parameter %zu is %.7g, wanted %.7g", what, i, (double)m->parameters.gradient[i],
               wanted);
    }
    free(parameter);
}

static void check_model(const struct model_config *config, size_t each, const char *what) {
    struct model m;
    struct pass p;
    if (model_create(&m, config) < 0 || parameters_train(&m.parameters) < 0 ||
        pass_create(&p, &m, ROWS, 1, true) < 0) {
        EXPECT(0, "%s: %s", what, error_message());
        return;
    }
    model_initialise(&m, initializer_find("test", "torch"), 3);
    noise_uniform(p.x, ROWS * m.elements, (struct noise){.seed = 4});
    noise_normal(p.epsilon, ROWS * config->latent, (struct noise){.seed = 5});
    run_pass(&p);
    check_gradient(&m, &p, each, what);
    pass_free(&p);
    model_free(&m);
}

static void check_likelihood(const char *likelihood) {
    static const char *const activations[] = {"relu", "tanh", "elu", "softplus", "gelu"};
    struct model_config c = {.item = {2, {3, 2}}, .latent = 3, .encoder = {2, {7, 5}}, .decoder = {1, {6}}};
    c.likelihood = likelihood_find("test", likelihood);
    c.sigma = 0.6;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        c.activation = activation_find("test", activations[i]);
        check_model(&c, 1, activations[i]);
    }
    c.encoder.layers = c.decoder.layers = 0;
    check_model(&c, 1, "no hidden layers");
}

static void bernoulli_elbo(void) {
    check_likelihood("bernoulli");
}

static void gaussian_elbo(void) {
    check_likelihood("gaussian");
}

/* Layers so wide that they are trained in parts: their sums must have them all. */
static void wide_layers(void) {
    struct model_config c = {
        .item = {1, {300}}, .latent = 2, .encoder = {2, {304, 256}}, .decoder = {2, {256, 304}}};
    c.likelihood = likelihood_find("test", "bernoulli");
    c.activation = activation_find("test", "gelu");
    check_model(&c, 5003, "wide layers");
}

/* Where logvar would make exp overflow, the figures are those at the bound. */
static void logvar_is_bounded(void) {
    float heads[4] = {0, 0, 1e6f, -1e6f}, sigma[2];
    latent_posterior(heads, sigma, 2);
    EXPECT(heads[2] == LOGVAR_BOUND && heads[3] == -LOGVAR_BOUND, "logvar %g %g", (double)heads[2],
           (double)heads[3]);
    EXPECT(isfinite(latent_kl(heads, sigma, 2)), "kl %g", latent_kl(heads, sigma, 2));
    float bad[2] = {0, NAN};
    latent_posterior(bad, sigma, 1);
    EXPECT(isnan(latent_kl(bad, sigma, 1)), "NaN became kl %g", latent_kl(bad, sigma, 1));
}

int main(void) {
    static const struct test tests[] = {
        {"the Bernoulli ELBO and its gradient, for every activation", bernoulli_elbo},
        {"the Gaussian ELBO and its gradient, for every activation", gaussian_elbo},
        {"the same for layers so wide that they are trained in parts", wide_layers},
        {"logvar is bounded where exp could overflow", logvar_is_bounded},
    };
    return RUN(tests);
}
