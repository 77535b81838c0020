/* SPDX-License-Identifier: MIT */
#ifndef UNIT_OP_REFERENCE_H
#define UNIT_OP_REFERENCE_H

#include "dist/latent.h"
#include "model/layers.h"
#include "model/objective.h"
#include "op/hidden.h"
#include "op/ops.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The references of ops.c: what each op gives, in double. Those that take most of the time are not watched by
 * sanitizers. */
#define UNWATCHED __attribute__((no_sanitize("address", "undefined")))

/* How a layer reads its inputs. */
enum reading {
    SHARED, /* in[0] is a linear layer, which other layers may read, too */
    ALONE,  /* in[0] is a linear layer, which no other layer may read */
    ITEMS   /* in[0] is what the caller sets, so that there is no gradient */
};

struct reference_row;

struct op_case {
    const char *name;
    size_t (*build)(struct net *net, const struct op_case *c, size_t in, size_t second); /* net_add's index */
    /* The output of one row -> out [W]. Returns what the row adds to the loss beside the output's part; *term is
     * the layer's first term, or stays. */
    double (*reference)(const struct reference_row *r, double *out, double *term);
    enum reading reading;
    bool draws;         /* each item has several rows, those of its draws */
    bool learns_second; /* in[1] is a linear layer, too */
    size_t in, group,
        second; /* units of in[0], each of `group` numbers (0: one); and of in[1] (0: there is none) */
    size_t units;
    const char *activation, *estimator, *likelihood;
    bool vamp; /* the prior of z is a VampPrior */
    enum scale scale;
    size_t levels; /* the items' elements are whole numbers below it; 0: normal numbers */
    bool missing;  /* every third element is NaN */
    bool unknown;  /* every fourth token is */
    bool mask;
    bool last;                     /* of a gru: the last state only */
    struct image image;            /* of in[0], if it is a picture */
    size_t kernel, stride, groups; /* of a convolution, `stride` also of an up; of a normalization */
    size_t factor;                 /* of the up before a convolution; 0: there is none */
};

/* A row of a layer: what a reference reads. */
struct reference_row {
    const struct op_case *c;
    const struct pass *pass;
    const struct layer *layer;
    size_t row;
    const double *in[LAYER_INPUTS]; /* the row of each input */
    const double *base;             /* the row of in[0] before any change of it */
    const float *gradient;          /* the row of the gradient with respect to the output */
    const double *own[LAYER_PARAMETERS];
    size_t width[LAYER_INPUTS];
    const size_t *only; /* the unit of `own` whose outputs are wanted alone, others may be 0; NULL: all are */
};

/* Whether the outputs of unit u of `units` are wanted. */
static bool is_wanted(const struct reference_row *r, size_t u, size_t units) {
    return r->only == NULL || *r->only * units / r->layer->own_units == u;
}

#define TEST_BETA 0.7 /* weight of the KL term */

static const struct activation *test_activation(const char *name) {
    return name == NULL ? NULL : activation_find("test", name);
}

/* x is the product of one unit: a number, or two if the activation has pairs. */
UNWATCHED static double activate(const char *name, const double *x) {
    if (name == NULL)
        return *x;
    if (strcmp(name, "relu") == 0)
        return *x > 0 ? *x : 0;
    if (strcmp(name, "tanh") == 0)
        return tanh(*x);
    if (strcmp(name, "elu") == 0)
        return *x > 0 ? *x : expm1(*x);
    if (strcmp(name, "softplus") == 0)
        return log1p(exp(*x));
    if (strcmp(name, "silu") == 0)
        return *x / (1 + exp(-*x));
    if (strcmp(name, "gelu") == 0)
        return *x * 0.5 * erfc(-*x / sqrt(2));
    return x[0] / (1 + exp(-x[1])); /* gated */
}

/* out [units] = act(x W' + b). */
UNWATCHED static void dense_reference(const struct reference_row *r, size_t units, double *out) {
    const size_t group = r->c->activation != NULL && strcmp(r->c->activation, "gated") == 0 ? 2 : 1;
    for (size_t u = 0; u < units; u++) {
        double product[2];
        out[u] = 0;
        if (!is_wanted(r, u, units))
            continue;
        for (size_t g = 0; g < group; g++) {
            const size_t row = u * group + g;
            product[g] = r->own[1][row];
            for (size_t i = 0; i < r->width[0]; i++)
                product[g] += r->own[0][row * r->width[0] + i] * r->in[0][i];
        }
        out[u] = activate(r->c->activation, product);
    }
}

static size_t build_linear(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_linear(net, c->name, in, c->units, test_activation(c->activation));
}

static size_t build_groups(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_linear_groups(net, c->name, in, c->units / 3, 3);
}

static size_t build_pair(struct net *net, const struct op_case *c, size_t in, size_t second) {
    static const char *const pair[] = {"left", "right"};
    (void)second;
    return net_linear_pair(net, c->name, pair, in, c->units / 2);
}

static double linear_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    dense_reference(r, r->c->units, out);
    return 0;
}

static size_t build_residual(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_residual(net, c->name, in, test_activation(c->activation));
}

static double residual_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    dense_reference(r, r->width[0], out);
    for (size_t i = 0; i < r->width[0]; i++)
        out[i] += r->in[0][i];
    return 0;
}

static size_t build_conv(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_conv(net, c->name, in, c->units, c->kernel, c->stride, test_activation(c->activation));
}

/* The layer that enlarges is not there in the end. */
static size_t build_up_conv(struct net *net, const struct op_case *c, size_t in, size_t second) {
    const struct hidden_layer up = {&hidden_kind_up, 1, {c->factor}};
    const size_t enlarged = hidden_kind_up.add(&(struct hidden_place){.net = net, .name = "up", .in = in}, &up),
                 layer = build_conv(net, c, enlarged, second);
    EXPECT(net->failed || (layer == enlarged && net->layer[layer].in[0] == in), "%s reads layer %zu, wanted %zu",
           c->name, net->layer[layer].in[0], in);
    return layer;
}

static size_t build_conv_skip(struct net *net, const struct op_case *c, size_t in, size_t second) {
    return net_conv_skip(net, c->name, in, second, c->kernel);
}

static size_t factor_of(const struct op_case *c) {
    return c->factor == 0 ? 1 : c->factor;
}

/* Number `output` of the product at position (i, j): over the places (a, b) of the kernel in the picture. */
UNWATCHED static double conv_product(const struct reference_row *r, size_t output, size_t i, size_t j) {
    const struct op_case *c = r->c;
    const size_t kernel = c->kernel, places = kernel * kernel, channels = c->image.channels,
                 before = (kernel - 1) / 2, y = i * c->stride, x = j * c->stride, factor = factor_of(c);
    const double *weight = r->own[0] + output * channels * places;
    double sum[4] = {r->own[1][output]}; /* of every fourth channel: additions that do not wait for one another */
    for (size_t a = 0; a < kernel; a++)
        for (size_t b = 0; b < kernel; b++) {
            const size_t row = y + a - before, column = x + b - before; /* wrap to large numbers below 0 */
            if (row >= c->image.height * factor || column >= c->image.width * factor)
                continue;
            const double *pixel = r->in[0] + (row / factor * c->image.width + column / factor) * channels;
            const double *tap = weight + a * kernel + b;
            size_t channel = 0;
            for (; channel + 4 <= channels; channel += 4)
                for (size_t k = 0; k < 4; k++)
                    sum[k] += tap[(channel + k) * places] * pixel[channel + k];
            for (; channel < channels; channel++)
                sum[0] += tap[channel * places] * pixel[channel];
        }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

UNWATCHED static double conv_reference(const struct reference_row *r, double *out, double *term) {
    const struct op_case *c = r->c;
    const size_t group = c->activation != NULL && strcmp(c->activation, "gated") == 0 ? 2 : 1;
    const size_t rows = (c->image.height * factor_of(c) + c->stride - 1) / c->stride,
                 columns = (c->image.width * factor_of(c) + c->stride - 1) / c->stride;
    (void)term;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            for (size_t u = 0; u < c->units; u++) {
                const size_t k = (i * columns + j) * c->units + u;
                double product[2];
                out[k] = 0;
                if (!is_wanted(r, u, c->units))
                    continue;
                for (size_t g = 0; g < group; g++)
                    product[g] = conv_product(r, u * group + g, i, j);
                out[k] = activate(c->activation, product) + (r->layer->inputs > 1 ? r->in[1][k] : 0);
            }
    return 0;
}

static size_t build_up(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    struct hidden_layer layer = {&hidden_kind_up, c->units == 0 ? 1 : 3, {c->stride, c->units, c->kernel}};
    return hidden_kind_up.add(&(struct hidden_place){.net = net, .name = c->name, .in = in}, &layer);
}

/* units x kernel of the larger picture's rows x columns are left; units 0: all. */
static double up_reference(const struct reference_row *r, double *out, double *term) {
    const struct op_case *c = r->c;
    const size_t rows = c->units == 0 ? c->image.height * c->stride : c->units,
                 columns = c->units == 0 ? c->image.width * c->stride : c->kernel;
    (void)term;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            for (size_t k = 0; k < c->image.channels; k++)
                out[(i * columns + j) * c->image.channels + k] =
                    r->in[0][(i / c->stride * c->image.width + j / c->stride) * c->image.channels + k];
    return 0;
}

static size_t build_activation(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_activation(net, c->name, in, test_activation(c->activation));
}

static double activation_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    for (size_t i = 0; i < r->width[0]; i++)
        out[i] = activate(r->c->activation, r->in[0] + i);
    return 0;
}

static size_t build_norm(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_norm(net, c->name, in, c->groups, test_activation(c->activation));
}

/* Each group's numbers less their mean, divided by their standard deviation. */
static double norm_reference(const struct reference_row *r, double *out, double *term) {
    const struct op_case *c = r->c;
    const size_t channels = c->image.channels, each = channels / c->groups,
                 positions = c->image.height * c->image.width, n = positions * channels,
                 pair = strcmp(c->activation, "gated") == 0 ? 2 : 1;
    double *normal = calloc(n, sizeof *normal);
    (void)term;
    for (size_t g = 0; g < c->groups; g++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            sum += i % channels / each == g ? r->in[0][i] : 0;
        const double mean = sum / (double)(positions * each);
        for (size_t i = 0; i < n; i++)
            squares += i % channels / each == g ? pow(r->in[0][i] - mean, 2) : 0;
        const double deviation = sqrt(squares / (double)(positions * each) + 1e-5);
        for (size_t i = 0; i < n; i++)
            if (i % channels / each == g)
                normal[i] = (r->in[0][i] - mean) / deviation * r->own[0][i % channels] + r->own[1][i % channels];
    }
    for (size_t i = 0; i < n / pair; i++)
        out[i] = activate(c->activation, normal + i * pair);
    free(normal);
    return 0;
}

static size_t build_gru(struct net *net, const struct op_case *c, size_t in, size_t second) {
    return second == NO_LAYER ? net_gru(net, c->name, in, c->units, c->last)
                              : net_gru_of_tokens(net, c->name, in, second, c->levels, c->units);
}

/* Gate `gate` of unit i: the part of the input, or that of the state. */
UNWATCHED static double gru_input(const struct reference_row *r, size_t gate, size_t i, size_t position) {
    const size_t tokens = r->c->second > 0 ? r->c->levels : 0, row = gate * r->c->units + i,
                 in = r->c->second > 0 ? r->width[0] : r->c->image.channels;
    const double *weight = r->own[0] + row * (tokens + in), *x = r->in[0] + (r->c->second > 0 ? 0 : position * in);
    double sum = r->own[2][row];
    for (size_t token = 0; token < tokens; token++)
        sum += r->in[1][position] == (double)token ? weight[token] : 0;
    for (size_t k = 0; k < in; k++)
        sum += weight[tokens + k] * x[k];
    return sum;
}

UNWATCHED static double gru_state(const struct reference_row *r, size_t gate, size_t i, const double *h) {
    const size_t units = r->c->units, row = gate * units + i;
    double sum = r->own[3][row];
    for (size_t k = 0; k < units; k++)
        sum += r->own[1][row * units + k] * h[k];
    return sum;
}

/* Returns whether a position comes after the end of its row: a token 0 or NaN that is not the first one. */
static bool gru_has_ended(const struct reference_row *r, size_t position) {
    bool ended = false;
    for (size_t t = 1; r->c->second > 0 && t <= position; t++)
        ended |= r->in[1][t] == 0 || isnan(r->in[1][t]);
    return ended;
}

/* The equations in layer/gru.h. */
UNWATCHED static double gru_reference(const struct reference_row *r, double *out, double *term) {
    const size_t units = r->c->units, positions = r->c->second > 0 ? r->c->second : r->c->image.height;
    double *before = calloc(units, sizeof *before), *h = calloc(units, sizeof *h);
    (void)term;
    for (size_t t = 0; t < positions; t++) {
        memcpy(before, h, units * sizeof *h);
        for (size_t i = 0; i < units; i++) {
            const double reset = 1 / (1 + exp(-gru_input(r, 0, i, t) - gru_state(r, 0, i, before)));
            const double update = 1 / (1 + exp(-gru_input(r, 1, i, t) - gru_state(r, 1, i, before)));
            const double candidate = tanh(gru_input(r, 2, i, t) + reset * gru_state(r, 2, i, before));
            h[i] = gru_has_ended(r, t) ? 0 : (1 - update) * candidate + update * before[i];
        }
        memcpy(out + (r->c->last ? 0 : t * units), h, units * sizeof *h);
    }
    free(before);
    free(h);
    return 0;
}

static size_t build_positions(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_linear_positions(net, c->name, in, c->units);
}

static double positions_reference(const struct reference_row *r, double *out, double *term) {
    const size_t in = r->c->image.channels, units = r->c->units;
    (void)term;
    for (size_t i = 0; i < r->width[0] / in * units; i++) {
        out[i] = r->own[1][i % units];
        for (size_t k = 0; k < in; k++)
            out[i] += r->own[0][i % units * in + k] * r->in[0][i / units * in + k];
    }
    return 0;
}

static struct segment segment_of(const struct op_case *c, size_t elements) {
    struct segment s = {.likelihood = likelihood_find("test", c->likelihood),
                        .scale = c->scale,
                        .sigma = 0.8,
                        .levels = c->levels,
                        .elements = elements};
    segment_lay_out(&s);
    return s;
}

static size_t build_encoder_input(struct net *net, const struct op_case *c, size_t in, size_t second) {
    const struct encoder_input options = {
        .segment = segment_of(c, c->in), .may_miss = c->missing, .mask = c->mask, .picture = c->image};
    return net_encoder_input(net, in, second, &options);
}

/* Pixel by pixel, if the input is a picture; else all elements are one pixel. */
static double encoder_input_reference(const struct reference_row *r, double *out, double *term) {
    const size_t inputs = strcmp(r->c->likelihood, "categorical") == 0 ? r->c->levels : 1;
    const size_t n = r->c->image.height > 0 ? r->c->image.channels : r->width[0];
    size_t used = 0;
    (void)term;
    for (size_t pixel = 0; pixel < r->width[0] / n; pixel++) {
        const double *x = r->in[0] + pixel * n;
        for (size_t i = 0; i < n; i++)
            for (size_t level = 0; level < inputs; level++)
                out[used++] = isnan(x[i]) ? 0 : inputs == 1 ? x[i] : x[i] == (double)level;
        for (size_t i = 0; r->c->mask && i < n; i++)
            out[used++] = isnan(x[i]) ? 0 : 1;
        for (size_t i = 0; i < r->c->second; i++)
            out[used++] = r->in[1][i];
    }
    return 0;
}

static size_t build_latent(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)second;
    return net_latent(net, in, c->units);
}

static double latent_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    for (size_t i = 0; i < r->c->units; i++)
        out[i] = r->in[0][i];
    return 0;
}

static size_t build_posterior(struct net *net, const struct op_case *c, size_t in, size_t second) {
    (void)c, (void)second;
    return net_posterior(net, in, (double)LOGVAR_BOUND);
}

static double posterior_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    for (size_t i = 0; i < r->width[0]; i++)
        out[i] = i < r->width[0] / 2 ? r->in[0][i] : fmax(-80, fmin(80, r->in[0][i]));
    return 0;
}

#define TEST_COMPONENTS 3 /* of a VampPrior, which are the last tensor */

static size_t build_draw(struct net *net, const struct op_case *c, size_t in, size_t second) {
    const size_t k = c->vamp ? TEST_COMPONENTS : 0;
    const size_t draw = net_draw(net, net_posterior(net, in, (double)LOGVAR_BOUND), second,
                                 c->vamp ? &prior_vamp : &prior_normal, k, c->in / 2);
    if (c->vamp)
        draw_set_components(net, draw, net_add_tensor(net, "prior", TENSOR_PLAIN, "components", k, c->in));
    return draw;
}

/* log p(z) without L/2 log(2 pi): of N(0, I), or of a mixture. */
static double log_prior(const struct reference_row *r, const double *z, size_t latent) {
    const struct parameters *p = &r->pass->net->parameters;
    const float *heads = p->count == 0 ? NULL : p->value + p->tensor[p->count - 1].offset;
    double density = 0, squares = 0;
    for (size_t i = 0; i < latent; i++)
        squares += z[i] * z[i];
    if (!r->c->vamp)
        return -0.5 * squares;
    for (size_t k = 0; k < TEST_COMPONENTS; k++) {
        const float *mu = heads + 2 * k * latent, *logvar = mu + latent;
        double exponent = 0;
        for (size_t i = 0; i < latent; i++)
            exponent -= 0.5 * (pow(z[i] - (double)mu[i], 2) / exp((double)logvar[i]) + (double)logvar[i]);
        density += exp(exponent) / TEST_COMPONENTS;
    }
    return log(density);
}

/* What a row adds to the loss of the elbo: beta times KL in closed form, or times minus the mean of log p(z) over
 * the draws and q's entropy. */
static double elbo_reference(const struct reference_row *r, double weight, double log_p, double *term) {
    const size_t latent = r->width[0] / 2;
    const bool first = r->row % r->pass->draws == 0;
    const double *mu = r->in[0], *logvar = mu + latent;
    double kl = 0, entropy = 0;
    for (size_t i = 0; i < latent; i++) {
        kl += 0.5 * (exp(logvar[i]) + mu[i] * mu[i] - 1 - logvar[i]);
        entropy += 0.5 * (1 + logvar[i]);
    }
    if (first && (!r->c->vamp || r->pass->draws == 1))
        *term = r->c->vamp ? -log_p - entropy : kl;
    if (r->c->vamp)
        return TEST_BETA * (-weight * log_p - (first ? entropy : 0));
    return first ? TEST_BETA * kl : 0;
}

/* z = mu + sigma epsilon. The loss is that of the elbo, or each draw's weight times beta times log q(z|x) - log
 * p(z). stl and dreg take q as fixed there, and dreg squares the weight, which then is a factor of c, too. */
static double draw_reference(const struct reference_row *r, double *out, double *term) {
    const char *name = r->c->estimator;
    const bool squared = strcmp(name, "dreg") == 0, path = squared || strcmp(name, "stl") == 0;
    const size_t latent = r->width[0] / 2;
    const double *mu = r->in[0], *logvar = mu + latent, weight = (double)r->pass->weight[r->row];
    const double *q_mu = path ? r->base : mu, *q_logvar = q_mu + latent;
    double log_q = 0, more = 0;
    for (size_t i = 0; i < latent; i++) {
        out[i] = mu[i] + exp(0.5 * logvar[i]) * (double)draw_epsilon(r->pass, r->layer->number, r->row)[i];
        log_q -= 0.5 * (pow(out[i] - q_mu[i], 2) / exp(q_logvar[i]) + q_logvar[i]);
        more += squared ? (weight - 1) * (double)r->gradient[i] * out[i] : 0;
    }
    for (size_t i = 0; i < r->c->second; i++)
        out[latent + i] = r->in[1][i];
    const double log_p = log_prior(r, out, latent), elbo = elbo_reference(r, weight, log_p, term);
    return strcmp(name, "elbo") == 0 ? elbo
                                     : TEST_BETA * (log_q - log_p) * (squared ? weight * weight : weight) + more;
}

static size_t build_likelihood(struct net *net, const struct op_case *c, size_t in, size_t second) {
    const struct segment s = segment_of(c, c->second);
    return net_likelihood(net, in, second, &s, 1, c->missing);
}

/* -log p(x) of one element with the distribution's parameters a. */
static double negative_log(const struct reference_row *r, size_t element, const double *a, double x) {
    const char *name = r->c->likelihood;
    const double fixed = log(0.8);
    if (strcmp(name, "bernoulli") == 0)
        return log1p(exp(*a)) - x * *a;
    if (strcmp(name, "categorical") == 0) {
        double sum = 0;
        for (size_t level = 0; level < r->c->levels; level++)
            sum += exp(a[level]);
        return log(sum) - a[(size_t)x];
    }
    const double log_scale = r->c->scale == SCALE_NET       ? a[1]
                             : r->c->scale == SCALE_FIXED   ? fixed
                             : r->c->scale == SCALE_PER_DIM ? r->own[0][element]
                                                            : r->own[0][0];
    const double standard = (x - *a) / exp(log_scale);
    return 0.5 * standard * standard + log_scale + 0.5 * log(2 * acos(-1));
}

/* A draw's weight counts if there are several. */
static double likelihood_reference(const struct reference_row *r, double *out, double *term) {
    (void)out;
    *term = 0;
    for (size_t i = 0; i < r->width[1]; i++)
        *term += isnan(r->in[1][i]) ? 0 : negative_log(r, i, r->in[0] + i * r->c->group, r->in[1][i]);
    return *term * (r->pass->draws == 1 ? 1 : (double)r->pass->weight[r->row]);
}

#endif
