/* SPDX-License-Identifier: MIT */
#ifndef MODEL_LAYERS_H
#define MODEL_LAYERS_H

#include "dist/prior.h"
#include "dist/segment.h"
#include "nn/pass.h"

/* The layers that make a net a variational auto-encoder. Functions that add one return its index, see net_add. */

#define NO_LAYER SIZE_MAX

/* What the encoder reads of an item x: its elements as the likelihood presents them, a mask that tells which are
 * observed, and the label, one-hot, in this order. A missing element, which is NaN, is presented as 0. */
struct encoder_input {
    struct segment segment; /* all elements of the item */
    bool may_miss;          /* elements may be missing */
    bool mask;              /* the encoder is told which */
};
size_t net_encoder_input(struct net *net, size_t x, size_t label, const struct encoder_input *input);

/* Whether x itself is all that the encoder reads, so that there is no such layer. */
bool encoder_reads_x(const struct encoder_input *input, size_t label);

/* The posterior q(z|x) from mu and logvar, side by side: bounds logvar in place, and computes sigma. */
size_t net_posterior(struct net *net, size_t heads);

/* mu and bounded logvar of an item [2 latent], and sigma [latent]. */
float *posterior_heads(const struct pass *pass, size_t posterior, size_t item);
const float *posterior_sigma(const struct pass *pass, size_t posterior, size_t item);

/* Draws z = mu + sigma epsilon, each followed by the item's label, one-hot, if there are labels; and the term
 * KL(q(z|x) || p(z)). The caller sets epsilon first. */
size_t net_draw(struct net *net, size_t posterior, size_t label, const struct prior *prior, size_t components,
                size_t latent);

/* A draw [latent, and its label], its epsilon [latent], and the prior's scratch (dist/prior.h). */
float *draw_of(const struct pass *pass, size_t draw, size_t row);
float *draw_epsilon(const struct pass *pass, size_t draw, size_t row);
float *draw_scratch(const struct pass *pass, size_t draw, size_t row);

/* Instead of drawing: sets the label after a z that was set, or z to mu in all draws of an item. */
void draw_set_label(struct pass *pass, size_t draw, size_t row);
void draw_set_mean(struct pass *pass, size_t draw, size_t item);

/* The prior at work. `components`: the place of its components [K, 2 latent] in the table of parameters, from which
 * it is set whenever the net is packed. */
struct prior_state *draw_prior(const struct net *net, size_t draw);
void draw_set_components(struct net *net, size_t draw, size_t components);

/* KL of an item; log p(z) - log q(z|x) of a draw. Nats. */
double draw_kl(const struct pass *pass, size_t draw, size_t item);
double draw_log_ratio(const struct pass *pass, size_t draw, size_t row);

/* The likelihood p(x|z) of x, given its distributions' parameters a: the term -log p(x|z), and its gradient, which
 * takes the place of a. The segments follow each other and are all of x; their parts of a follow each other, too.
 */
size_t net_likelihood(struct net *net, size_t a, size_t x, const struct segment *segment, size_t segments,
                      bool may_miss);

/* The mean of p(x|z) of a row, or a draw from it: x [elements]. */
void likelihood_mean_of(const struct pass *pass, size_t likelihood, size_t row, float *x);
void likelihood_draw_of(const struct pass *pass, size_t likelihood, size_t row, float *x, struct noise noise);

/* -log p(x|z) of a draw; and its mean over an item's draws. Nats. */
double likelihood_of_draw(const struct pass *pass, size_t likelihood, size_t row);
double likelihood_of_item(const struct pass *pass, size_t likelihood, size_t item);

/* Of a scale that is the best for the batch, the sums of the last step: of the deviations, and of how many elements
 * they are. */
struct deviations {
    double sum, count;
};
struct deviations likelihood_deviations(const struct pass *pass, size_t likelihood);

#endif
