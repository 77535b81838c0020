/* SPDX-License-Identifier: MIT */
/* Draws z = mu + sigma epsilon from the posterior, each followed by the item's label, and the KL term. A row of
 * `kept` holds epsilon [latent], which the caller sets, followed by the scratch of the prior. The gradients of an
 * item's draws are added in the order of the draws, and then the gradient of the closed form of KL. */
#include "dist/latent.h"
#include "kernel/math_kernel.h"
#include "model/layers.h"
#include "model/objective.h"
#include "nn/graph.h"

#include <math.h>
#include <string.h>

enum { KL, LOG_PRIOR, TERMS }; /* KL belongs to an item, and is in the row of its first draw */

struct options {
    struct prior_state prior;
    size_t components; /* offset of the prior's components in the table of parameters, if it has any */
};

static struct prior_state *prior_of(const struct layer *layer) {
    struct options *o = layer->options;
    return &o->prior;
}

static int infer(struct net *net, struct layer *layer) {
    struct prior_state *prior = prior_of(layer);
    layer->width = prior->latent + (layer->inputs > 1 ? net_input(net, layer, 1)->width : 0);
    layer->kept = prior->latent + prior_scratch(prior);
    layer->terms = prior_needs_density(prior->prior) ? TERMS : LOG_PRIOR;
    return prior_create(prior, prior->prior, prior->components, prior->latent);
}

static void end(struct layer *layer) {
    prior_free(prior_of(layer));
}

float *draw_of(const struct pass *pass, size_t draw, size_t row) {
    return pass->value[draw].out + row * pass->net->layer[draw].width;
}

float *draw_epsilon(const struct pass *pass, size_t draw, size_t row) {
    return pass->value[draw].kept + row * pass->net->layer[draw].kept;
}

float *draw_scratch(const struct pass *pass, size_t draw, size_t row) {
    return draw_epsilon(pass, draw, row) + prior_of(&pass->net->layer[draw])->latent;
}

void draw_set_label(struct pass *pass, size_t draw, size_t row) {
    const struct layer *layer = &pass->net->layer[draw];
    const size_t latent = prior_of(layer)->latent, labels = layer->width - latent;
    if (labels > 0)
        memcpy(draw_of(pass, draw, row) + latent, pass_input(pass, layer, 1)->out + row / pass->draws * labels,
               labels * sizeof(float));
}

void draw_set_mean(struct pass *pass, size_t draw, size_t item) {
    const struct layer *layer = &pass->net->layer[draw];
    for (size_t row = item * pass->draws; row < (item + 1) * pass->draws; row++) {
        memcpy(draw_of(pass, draw, row), posterior_heads(pass, layer->in[0], item),
               prior_of(layer)->latent * sizeof(float));
        draw_set_label(pass, draw, row);
    }
}

/* Returns log p(z) of a row. Training must not go on from one that overflows, see likelihood_negative_log. */
static double log_density(const struct pass *pass, const struct layer *layer, size_t row) {
    const struct prior_state *prior = prior_of(layer);
    const float *z = draw_of(pass, layer->number, row);
    const double density = prior->prior->log_density(prior, z, draw_scratch(pass, layer->number, row));
    return isfinite(density) || pass->trains || prior->prior->log_density_wide == NULL
               ? density
               : prior->prior->log_density_wide(prior, z);
}

static void forward_item(struct pass *pass, const struct layer *layer, size_t item) {
    const struct prior_state *prior = prior_of(layer);
    const size_t draw = layer->number, first = item * pass->draws;
    const float *heads = posterior_heads(pass, layer->in[0], item),
                *sigma = posterior_sigma(pass, layer->in[0], item);
    const bool closed = prior->prior->kl != NULL, needs_density = prior_needs_density(prior->prior);
    double sum = 0;
    for (size_t row = first; row < first + pass->draws; row++) {
        float *z = draw_of(pass, draw, row);
        latent_draw(heads, sigma, draw_epsilon(pass, draw, row), z, prior->latent);
        draw_set_label(pass, draw, row);
        if (needs_density)
            sum += pass_term(pass, layer, LOG_PRIOR, 0)[row] = log_density(pass, layer, row);
    }
    pass_term(pass, layer, KL, 0)[first] =
        closed ? prior->prior->kl(prior, heads, sigma) : prior_kl_of_draws(prior, heads, sum / (double)pass->draws);
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    for (size_t item = t->row / pass->draws; item < (t->row + t->rows) / pass->draws; item++)
        forward_item(pass, layer, item);
}

/* Adds the gradient through one draw to dheads, the gradient of its item: from the gradient with respect to z, and
 * from the terms of log q - log p that have no closed form. */
static void backward_draw(struct pass *pass, const struct layer *layer, const struct step *step, size_t row,
                          float *dheads) {
    const struct prior_state *prior = prior_of(layer);
    const struct estimator *e = step->objective->estimator;
    const size_t draw = layer->number, latent = prior->latent;
    const float *sigma = posterior_sigma(pass, layer->in[0], row / pass->draws), *z = draw_of(pass, draw, row);
    const float *epsilon = draw_epsilon(pass, draw, row);
    const float weight = pass->weight[row], kl_weight = (e->squared ? weight * weight : weight) * (float)step->beta;
    float *dz = pass_value(pass, layer)->dout + row * layer->width, *scratch = draw_scratch(pass, draw, row);
    if (e->squared)
        math_kernel()->scale(dz, weight, latent);
    if (e->closed_kl)
        prior_kl_draw_backward(prior, z, scratch, kl_weight, dz);
    else
        latent_path(sigma, epsilon, prior->prior->slope(prior, z, scratch), kl_weight, dz, latent);
    if (!e->closed_kl && !e->path)
        latent_score(sigma, epsilon, kl_weight, dheads, latent);
    latent_draw_backward(sigma, epsilon, dz, dheads, latent);
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct prior_state *prior = prior_of(layer);
    const struct objective *o = step->objective;
    const size_t width = net_input(pass->net, layer, 0)->width, posterior = layer->in[0];
    for (size_t item = t->row / pass->draws; item < (t->row + t->rows) / pass->draws; item++) {
        float *dheads = pass_input(pass, layer, 0)->dout + item * width;
        if (!layer->adds[0])
            memset(dheads, 0, width * sizeof *dheads);
        for (size_t row = item * pass->draws; row < (item + 1) * pass->draws; row++)
            backward_draw(pass, layer, step, row, dheads);
        if (o->estimator->closed_kl)
            prior_kl_backward(prior, posterior_heads(pass, posterior, item), posterior_sigma(pass, posterior, item),
                              (float)step->beta, (float)o->free_bits, dheads);
    }
}

static void pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    const struct options *o = layer->options;
    struct prior_state *prior = prior_of(layer);
    (void)j, (void)unit, (void)units;
    if (!prior->prior->pseudo_inputs)
        return;
    prior->mixture.heads = net->parameters.value + o->components;
    prior_refresh(prior, 0, prior->components);
}

/* A program is given z, and reads no posterior. */
static size_t describe(struct graph *g, const struct layer *layer) {
    const struct image image = {1, 1, prior_of(layer)->latent};
    const size_t z = graph_add(g, layer, (struct node){.kind = NODE_INPUT, .image = image});
    if (layer->inputs == 1)
        return z;
    const size_t label = graph_input(g, layer, 1);
    return graph_add(
        g, layer,
        (struct node){.kind = NODE_CONCATENATE, .inputs = 2, .in = {z, label}, .image = {1, 1, layer->width}});
}

static const struct op op_draw = {.name = "draw",
                                  .draws = true,
                                  .backward_inputs = 1,
                                  .infer = infer,
                                  .forward = forward,
                                  .backward = backward,
                                  .pack = pack,
                                  .describe = describe,
                                  .end = end};

size_t net_draw(struct net *net, size_t posterior, size_t label, const struct prior *prior, size_t components,
                size_t latent) {
    const size_t in[] = {posterior, label};
    const struct options options = {.prior = {.prior = prior, .components = components, .latent = latent}};
    return net_add(net, &op_draw, "z", &options, sizeof options, label == NO_LAYER ? 1 : 2, in);
}

struct prior_state *draw_prior(const struct net *net, size_t draw) {
    return prior_of(&net->layer[draw]);
}

void draw_set_components(struct net *net, size_t draw, size_t components) {
    struct options *o = net->layer[draw].options;
    o->components = components;
}

double draw_kl(const struct pass *pass, size_t draw, size_t item) {
    return pass_term(pass, &pass->net->layer[draw], KL, 0)[item * pass->draws];
}

double draw_log_ratio(const struct pass *pass, size_t draw, size_t row) {
    const struct layer *layer = &pass->net->layer[draw];
    const struct prior_state *prior = prior_of(layer);
    const double density = prior_needs_density(prior->prior) ? pass_term(pass, layer, LOG_PRIOR, 0)[row] : 0;
    return prior_log_ratio(prior, posterior_heads(pass, layer->in[0], row / pass->draws),
                           draw_epsilon(pass, draw, row), draw_of(pass, draw, row), density);
}
