/* SPDX-License-Identifier: MIT */
/* Every objective's bound and its gradient by every parameter, with several draws, against a plain reference in
 * double. An estimator that leaves terms out is the true gradient of another function: one in which those terms
 * stand still. */
#include "base/error.h"
#include "first_values.h"
#include "layers.h"
#include "test.h"
#include "dist/latent.h"
#include "train/vamp.h"
#include "training_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3
#define DRAWS 4 /* at most */
#define ELEMENTS 4
#define LATENT 2
#define MAX_UNITS 6
#define COMPONENTS 3 /* of a prior that is a mixture */

static size_t draws = DRAWS;
static struct dense_layers layers; /* of the model at work */

struct draw {
    double mu[LATENT], logvar[LATENT], z[LATENT], negative_log, kl[LATENT];
};

static void layer(const double *parameter, size_t l, const double *in, double *out) {
    const struct dense_layer *dense = &layers.layer[l];
    for (size_t o = 0; o < dense->out; o++) {
        out[o] = parameter[dense->bias + o];
        for (size_t i = 0; i < dense->in; i++)
            out[o] += parameter[dense->weight + o * dense->in + i] * in[i];
        if (dense->hidden)
            out[o] = tanh(out[o]);
    }
}

/* One item through the model, 4-5-2-5-4, with one draw. */
static struct draw forward(const double *parameter, const float *x, const float *epsilon) {
    struct draw d = {.negative_log = 0};
    double in[MAX_UNITS], hidden[MAX_UNITS], heads[2 * LATENT], a[ELEMENTS];
    for (size_t i = 0; i < ELEMENTS; i++)
        in[i] = (double)x[i];
    layer(parameter, 0, in, hidden);
    layer(parameter, 1, hidden, heads);
    for (size_t i = 0; i < LATENT; i++) {
        d.mu[i] = heads[i];
        d.logvar[i] = heads[LATENT + i];
        d.z[i] = d.mu[i] + exp(0.5 * d.logvar[i]) * (double)epsilon[i];
        d.kl[i] = 0.5 * (exp(d.logvar[i]) + d.mu[i] * d.mu[i] - 1 - d.logvar[i]);
    }
    layer(parameter, 2, d.z, hidden);
    layer(parameter, 3, hidden, a);
    for (size_t i = 0; i < ELEMENTS; i++)
        d.negative_log += log(1 + exp(a[i])) - (double)x[i] * a[i];
    return d;
}

/* log N(z; mu, exp logvar), but for its constant. */
static double log_normal(const double *z, const double *mu, const double *logvar) {
    double sum = 0;
    for (size_t i = 0; i < LATENT; i++)
        sum -= 0.5 * ((z[i] - mu[i]) * (z[i] - mu[i]) / exp(logvar[i]) + logvar[i]);
    return sum;
}

/* log p(z) with the pseudo-inputs, and the encoder, of these parameters. */
static double log_prior(const struct model *m, const double *parameter, const double *z) {
    double hidden[MAX_UNITS], heads[2 * LATENT], sum = 0;
    if (m->config.components == 0)
        return log_normal(z, (double[LATENT]){0}, (double[LATENT]){0});
    for (size_t k = 0; k < COMPONENTS; k++) {
        layer(parameter, 0, parameter + m->pseudo_inputs + k * ELEMENTS, hidden);
        layer(parameter, 1, hidden, heads);
        sum += exp(log_normal(z, heads, heads + LATENT)) / COMPONENTS;
    }
    return log(sum);
}

/* log q(z|x) - log p(z) at the z of one draw, q being that of another, and p that of some parameters. */
static double log_ratio(const struct model *m, const struct draw *z, const struct draw *q, const double *prior) {
    return log_normal(z->z, q->mu, q->logvar) - log_prior(m, prior, z->z);
}

/* -log p(t|z) of a draw, with the head 2-3-1; 0 if the item's target is not known. */
static double negative_log_target(const struct model *m, const struct pass *p, size_t item, const double *parameter,
                                  const struct draw *d) {
    double hidden[MAX_UNITS], f;
    if (m->target == NO_LAYER || isnan(p->value[m->known].out[item]))
        return 0;
    layer(parameter, 4, d->z, hidden);
    layer(parameter, 5, hidden, &f);
    const double log_scale = parameter[m->net.layer[m->target].own[0].offset],
                 error = (f - (double)p->value[m->known].out[item]) / exp(log_scale);
    return error * error / 2 + log_scale + 0.5 * log(2 * acos(-1));
}

/* What the papers say an estimator of this name is, not what the table says. */
static struct estimator as_published(const char *name) {
    const bool iwae = strcmp(name, "iwae") == 0, stl = strcmp(name, "stl") == 0, dreg = strcmp(name, "dreg") == 0;
    return (struct estimator){.name = name,
                              .importance = iwae || dreg,
                              .closed_kl = strcmp(name, "elbo") == 0,
                              .path = stl || dreg,
                              .squared = dreg};
}

/* What one item adds to the function whose gradient the estimator is: `parameter` moves, `still` does not. */
static double item_loss(const struct model *m, const struct pass *p, const struct objective *o, double beta,
                        size_t item, const double *parameter, const double *still, bool decoder) {
    const struct estimator published = as_published(o->estimator->name), *e = &published;
    const bool encoder = e->squared && !decoder, mixture = m->config.components > 0;
    double log_w[DRAWS], still_log_w[DRAWS], path[DRAWS], sum = 0, still_sum = 0, loss = 0;
    struct draw d[DRAWS];
    for (size_t k = 0; k < draws; k++) {
        const float *x = model_x(m, p, item), *epsilon = draw_epsilon(p, m->z, item * draws + k);
        d[k] = forward(parameter, x, epsilon);
        const struct draw s = forward(still, x, epsilon);
        const double t = o->target_weight * negative_log_target(m, p, item, parameter, &d[k]),
                     still_t = o->target_weight * negative_log_target(m, p, item, still, &s);
        d[k].negative_log += t;
        log_w[k] =
            -d[k].negative_log - beta * log_ratio(m, &d[k], e->path ? &s : &d[k], encoder ? still : parameter);
        still_log_w[k] = -s.negative_log - still_t - log_ratio(m, &s, &s, still);
        /* Of the prior's own parameters the gradient is not squared, whoever shares them. */
        path[k] = encoder && mixture ? log_prior(m, parameter, s.z) : 0;
        sum += exp(log_w[k]) / (double)draws;
        still_sum += exp(still_log_w[k]);
    }
    for (size_t k = 0; k < draws; k++) {
        const double v = e->importance ? exp(still_log_w[k]) / still_sum : 1.0 / (double)draws;
        loss += e->closed_kl ? d[k].negative_log / (double)draws : -(encoder ? v * v : v) * log_w[k] - v * path[k];
        if (e->closed_kl && mixture)
            loss -= beta * log_prior(m, parameter, d[k].z) / (double)draws;
    }
    for (size_t i = 0; e->closed_kl && i < LATENT; i++)
        loss += mixture ? -beta * 0.5 * (1 + d[0].logvar[i]) : beta * fmax(d[0].kl[i], o->free_bits);
    return e->importance && !e->path ? -log(sum) : loss;
}

static double batch_loss(const struct model *m, const struct pass *p, const struct objective *o, double beta,
                         const double *parameter, const double *still, bool decoder) {
    double loss = 0;
    for (size_t item = 0; item < ROWS; item++)
        loss += item_loss(m, p, o, beta, item, parameter, still, decoder);
    return loss;
}

static void run_pass(struct pass *p, const struct model *m, struct vamp *vamp, const struct step *step,
                     double *bound) {
    net_pack(&m->net);
    vamp_forward(vamp);
    run_training_pass(p, m, step, bound);
    add_gradients(p, ROWS);
    if (m->config.components == 0)
        return;
    vamp_backward(vamp, step);
    for (size_t i = 0; i < COMPONENTS * ELEMENTS; i++)
        m->net.parameters.gradient[m->pseudo_inputs + i] *= ROWS; /* that of the mean, as it is trained with */
    add_gradients(&vamp->pass, COMPONENTS);
}

/* The bound that is maximised: the ELBO, with its options, or the log of the mean weight. */
static void check_bound(const struct model *m, const struct pass *p, const struct objective *o, const double *bound,
                        const double *parameter) {
    for (size_t item = 0; item < ROWS; item++) {
        const struct objective elbo = {estimator_find("test", "elbo"),
                                       draws,
                                       o->beta,
                                       0,
                                       o->free_bits,
                                       o->target_weight},
                               iwae = {estimator_find("test", "iwae"), draws, 1, 0, 0, o->target_weight};
        const double wanted =
            -item_loss(m, p, o->estimator->importance ? &iwae : &elbo, o->beta, item, parameter, parameter, false);
        EXPECT(fabs(bound[item] - wanted) < 1e-5, "%s: bound %.8g, wanted %.8g", o->estimator->name, bound[item],
               wanted);
    }
}

static void check_gradient(const struct model *m, const struct pass *p, const struct objective *o, double beta,
                           const double *bound) {
    const struct parameters *table = &m->net.parameters;
    const double h = 1e-5;
    double parameter[200], still[200];
    for (size_t i = 0; i < table->size; i++)
        parameter[i] = still[i] = (double)table->value[i];
    check_bound(m, p, o, bound, parameter);
    for (size_t i = 0; i < table->size; i++) {
        const bool decoder = i >= layers.layer[2].weight;
        parameter[i] = still[i] + h;
        const double above = batch_loss(m, p, o, beta, parameter, still, decoder);
        parameter[i] = still[i] - h;
        const double wanted = (above - batch_loss(m, p, o, beta, parameter, still, decoder)) / (2 * h);
        parameter[i] = still[i];
        EXPECT(fabs((double)table->gradient[i] - wanted) < 2e-5 * (1 + fabs(wanted)),
               "%s: gradient of parameter %zu is %.7g, wanted %.7g", o->estimator->name, i,
               (double)table->gradient[i], wanted);
    }
}

static void check_head(const char *name, double beta, double free_bits, size_t components, double target_weight) {
    const struct objective o = {estimator_find("test", name), draws, beta, 0, free_bits, target_weight};
    const struct model_config c = {.logvar_bound = (double)LOGVAR_BOUND,
                                   .item = {1, {ELEMENTS}},
                                   .latent = LATENT,
                                   .encoder = hidden_of("5"),
                                   .decoder = hidden_of("5"),
                                   .prior = components > 0 ? &prior_vamp : &prior_normal,
                                   .components = components,
                                   .target = {.layers = 1, .units = {3}, .deviation = target_weight > 0 ? 1 : 0},
                                   .activation = activation_find("test", "tanh"),
                                   .likelihood = likelihood_find("test", "bernoulli")};
    struct model m;
    struct pass p;
    struct vamp vamp;
    double bound[ROWS];
    struct workers *workers = workers_start(1);
    if (workers == NULL || model_create(&m, &c) < 0 || net_train(&m.net) < 0 ||
        pass_create(&p, &m.net, 0, m.net.layers,
                    &(struct pass_size){.items = ROWS, .draws = draws, .trains = true}) < 0 ||
        m.net.parameters.size > 200 || vamp_start(&vamp, &m, workers, &p) < 0) {
        EXPECT(0, "%s: %s", name, error_message());
        return;
    }
    layers = dense_layers(&m);
    give_first_values(&m, 3);
    for (size_t i = 0; i < m.net.parameters.size; i++)
        m.net.parameters.value[i] *= 2;
    if (m.target != NO_LAYER)
        m.net.parameters.value[m.net.layer[m.target].own[0].offset] = 0.4f;
    noise_uniform(m.net.parameters.value + m.pseudo_inputs, components * ELEMENTS, (struct noise){.seed = 6});
    noise_uniform(model_x(&m, &p, 0), ROWS * ELEMENTS, (struct noise){.seed = 4});
    set_epsilon(&m, &p, 5);
    for (size_t item = 0; target_weight > 0 && item < ROWS; item++) /* one of them is not known */
        model_set_target(&m, &p, item, item == 1 ? (double)NAN : 0.8 - (double)item);
    run_pass(&p, &m, &vamp, &(struct step){.objective = &o, .batch = ROWS, .items = ROWS, .beta = beta}, bound);
    check_gradient(&m, &p, &o, beta, bound);
    vamp_end(&vamp);
    pass_free(&p);
    model_free(&m);
    workers_stop(workers);
}

static void check_prior(const char *name, double beta, double free_bits, size_t components) {
    check_head(name, beta, free_bits, components, 0);
}

static void check_objective(const char *name, double beta, double free_bits) {
    check_prior(name, beta, free_bits, 0);
}

static void a_prior_of_pseudo_inputs(void) {
    for (const char *const *name = (const char *const[]){"elbo", "iwae", "stl", "dreg", NULL}; *name != NULL;
         name++)
        check_prior(*name, 1, 0, COMPONENTS);
    check_prior("elbo", 0.3, 0, COMPONENTS);
    check_prior("stl", 0.3, 0, COMPONENTS);
}

static void elbo_of_draws(void) {
    check_objective("elbo", 1, 0);
}

static void weighted_kl(void) {
    check_objective("elbo", 0.3, 0);
    check_objective("stl", 0.3, 0);
}

/* Between the KLs of this model's latents, so that some are free and some are not. */
static void free_bits(void) {
    check_objective("elbo", 1, 0.15);
}

static void iwae(void) {
    check_objective("iwae", 1, 0);
}

static void sticking_the_landing(void) {
    check_objective("stl", 1, 0);
}

static void doubly_reparametrized(void) {
    check_objective("dreg", 1, 0);
}

/* Weights whose exponentials would not fit. */
static void weights_are_stable(void) {
    float v[3];
    const double bound = importance_weights((double[]){-2000, -2000 - log(2), -9000}, v, 3);
    EXPECT(fabs(bound - (-2000 + log(0.5))) < 1e-12, "bound %.15g", bound);
    EXPECT(fabs((double)v[0] - 2.0 / 3) < 1e-7 && fabs((double)v[1] - 1.0 / 3) < 1e-7 && v[2] == 0,
           "weights %g %g %g", (double)v[0], (double)v[1], (double)v[2]);
    /* The greatest of them stands last. */
    const double last = importance_weights((double[]){-9000, -5000, 2000}, v, 3);
    EXPECT(fabs(last - (2000 - log(3))) < 1e-12 && v[2] == 1, "bound %.15g, weight %g", last, (double)v[2]);
}

/* The gradient of the target's term, with respect to the head, to its scale and, through z, to the encoder. */
static void a_head(void) {
    for (const char *const *name = (const char *const[]){"elbo", "iwae", "stl", "dreg", NULL}; *name != NULL;
         name++) {
        check_head(*name, 1, 0, 0, 0.7);
        check_head(*name, 1, 0, COMPONENTS, 2);
        draws = 1;
        check_head(*name, 1, 0, 0, 0.7);
        draws = DRAWS;
    }
    check_head("elbo", 0.3, 0.15, 0, 0.7);
}

/* The least number that has weights. */
static void two_draws(void) {
    draws = 2;
    for (const char *const *name = (const char *const[]){"elbo", "iwae", "stl", "dreg", NULL}; *name != NULL;
         name++)
        check_objective(*name, 1, 0);
    draws = DRAWS;
}

static void warmup_rises(void) {
    const struct objective o = {estimator_find("test", "elbo"), 1, 4, 8, 0, 0};
    EXPECT(objective_beta(&o, 0) == 0 && objective_beta(&o, 2) == 1 && objective_beta(&o, 8) == 4 &&
               objective_beta(&o, 100) == 4,
           "beta %g %g %g", objective_beta(&o, 0), objective_beta(&o, 2), objective_beta(&o, 8));
}

int main(void) {
    static const struct test tests[] = {
        {"the ELBO over several draws", elbo_of_draws},
        {"a weighted KL", weighted_kl},
        {"free bits", free_bits},
        {"the importance-weighted bound", iwae},
        {"sticking the landing", sticking_the_landing},
        {"doubly reparametrized gradients", doubly_reparametrized},
        {"each of them, with two draws", two_draws},
        {"each of them, with a prior of pseudo-inputs", a_prior_of_pseudo_inputs},
        {"each of them, with a head that predicts a target", a_head},
        {"importance weights do not overflow", weights_are_stable},
        {"warm-up rises to beta", warmup_rises},
    };
    return RUN(tests);
}
