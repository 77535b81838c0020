/* SPDX-License-Identifier: MIT */
#ifndef MODEL_LAYERS_H
#define MODEL_LAYERS_H

#include "dist/prior.h"
#include "dist/segment.h"
#include "nn/pass.h"

/* The layers that make a net a variational auto-encoder. The functions net_* add a layer and return its index;
 * net_finish reports their errors, see net_add. Figures are in nats per item. Returned pointers
 * point into the pass, which owns the arrays. */

/* The encoder's input, made of an item x and its label: the elements as the likelihood encodes them, then the mask
 * (1 for an observed element, 0 for a missing one), then the label, one-hot. A missing element, which is NaN, is
 * encoded as 0. */
struct encoder_input {
    struct segment segment; /* all elements of the item */
    bool may_miss;          /* elements may be missing */
    bool mask;              /* the input includes the mask */
    /* The shape of an item, if the input is a picture: the channels of each pixel are then its elements, their
     * mask, and the label, the same in each pixel. Height 0: all elements come first, then mask and label. */
    struct image picture;
};

/* Adds this layer. x: the input layer of items; label: that of labels, or NO_LAYER. */
size_t net_encoder_input(struct net *net, size_t x, size_t label, const struct encoder_input *input);

/* Returns whether the encoder's input equals x, so that no such layer is needed. */
bool encoder_reads_x(const struct encoder_input *input, size_t label);

/* Adds the posterior q(z|x). `heads`: the layer whose output is mu [latent], followed by logvar [latent]. Clamps
 * logvar to +-logvar_bound in place, and computes sigma. */
size_t net_posterior(struct net *net, size_t heads, double logvar_bound);

/* Return mu and clamped logvar of an item [2 latent], and its sigma [latent]. */
float *posterior_heads(const struct pass *pass, size_t posterior, size_t item);
const float *posterior_sigma(const struct pass *pass, size_t posterior, size_t item);

/* Adds the draws z = mu + sigma epsilon, each followed by the item's label, one-hot, if there are labels, and the
 * term KL(q(z|x) || p(z)). The caller sets draw_epsilon before the forward pass. `label` may be NO_LAYER. */
size_t net_draw(struct net *net, size_t posterior, size_t label, const struct prior *prior, size_t components,
                size_t latent);

/* Return the arrays of a row: the draw [latent + classes], its epsilon [latent], and the scratch of the prior
 * [prior_scratch]. */
float *draw_of(const struct pass *pass, size_t draw, size_t row);
float *draw_epsilon(const struct pass *pass, size_t draw, size_t row);
float *draw_scratch(const struct pass *pass, size_t draw, size_t row);

/* To be called instead of the layer's forward pass. draw_set_label writes the one-hot label after a z that the
 * caller has set. draw_set_mean sets all draws of an item to mu, followed by the label. */
void draw_set_label(struct pass *pass, size_t draw, size_t row);
void draw_set_mean(struct pass *pass, size_t draw, size_t item);

/* draw_prior returns the prior of the layer, which the net owns. draw_set_components says where its components
 * [K, 2 latent] are: `components` is their offset in the table of parameters. They are read whenever the net is
 * packed. */
struct prior_state *draw_prior(const struct net *net, size_t draw);
void draw_set_components(struct net *net, size_t draw, size_t components);

/* Return the KL of an item, and log p(z) - log q(z|x) of a draw, in nats. */
double draw_kl(const struct pass *pass, size_t draw, size_t item);
double draw_log_ratio(const struct pass *pass, size_t draw, size_t row);

/* Adds the likelihood p(x|z) of x. `a` is the layer with the parameters of its distributions, the decoder's output.
 * Computes the term -log p(x|z); in training the gradient with respect to a overwrites a. The segments [segments]
 * cover x, one after the other, and their outputs are in a in the same order; they are copied. */
size_t net_likelihood(struct net *net, size_t a, size_t x, const struct segment *segment, size_t segments,
                      bool may_miss);

/* Write the mean of p(x|z) of a row, or a draw from it, to x [elements]. */
void likelihood_mean_of(const struct pass *pass, size_t likelihood, size_t row, float *x);
void likelihood_draw_of(const struct pass *pass, size_t likelihood, size_t row, float *x, struct noise noise);

/* Writes the mean of one element of a row, or with `noise` the draw of it that likelihood_draw_of would write, to
 * x[element]. The model's likelihood has one segment. */
void likelihood_choose(const struct pass *pass, size_t likelihood, size_t row, size_t element, float *x,
                       const struct noise *noise);

/* Return -log p(x|z) of a draw, and its mean over the draws of an item, in nats. */
double likelihood_of_draw(const struct pass *pass, size_t likelihood, size_t row);
double likelihood_of_item(const struct pass *pass, size_t likelihood, size_t item);

/* Writes the terms of a draw: -log p(x_i|z) of each element, 0 for a missing one, to each [elements]. The pass must
 * not train. */
void likelihood_of_elements(const struct pass *pass, size_t likelihood, size_t row, double *each);

/* Adds the latents of the draws z [latent], without the labels that follow them. */
size_t net_latent(struct net *net, size_t z, size_t latent);

/* Adds the likelihood p(t|z) of a target (model/target.h). `f` is the layer with the head's output, of one number;
 * t: the input layer of targets, in units of their standard deviation, NaN if not known. Computes the term -log
 * p(t|z), which is 0 for a target that is not known. Its gradient is multiplied by the objective's target_weight.
 */
size_t net_target(struct net *net, size_t f, size_t t);

/* Return -log p(t|z) of a draw, and its mean over the draws of an item, in nats. */
double target_of_draw(const struct pass *pass, size_t target, size_t row);
double target_of_item(const struct pass *pass, size_t target, size_t item);

/* For a scale that maximises log p(x|z) of each batch (SCALE_OPTIMAL): the deviations summed over the draws and
 * observed elements of the last step, and the number of these elements. */
struct deviations {
    double sum, count;
};
struct deviations likelihood_deviations(const struct pass *pass, size_t likelihood);

#endif
