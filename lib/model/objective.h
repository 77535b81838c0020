/* SPDX-License-Identifier: MIT */
#ifndef MODEL_OBJECTIVE_H
#define MODEL_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECTIVE_MAX_DRAWS 1024 /* K */

/* The bound on log p(x) that training maximises, from K draws z_k ~ q(z|x) of an item, with the importance weights
 *     log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x)
 * and the normalised weights v_k = w_k / sum of w. Each estimator of its gradient is an entry of the table in
 * objective.c: it says how draws are weighted in the decoder's gradient, and which terms the encoder's gradient
 * has. */
struct estimator {
    const char *name;
    bool importance; /* draws are weighted by v_k instead of 1/K, and the bound is the log of the mean of w */
    bool closed_kl;  /* KL(q || p) in closed form, instead of from the draws */
    bool path;       /* the gradient flows through z only: the score of q, whose mean is 0, is left out */
    bool squared;    /* draws are weighted by v_k squared in the encoder's gradient */
};

/* Returns the estimator with this name, or NULL with a message that begins with `what`.
 * elbo:  Kingma and Welling 2014, equation 10.
 * iwae:  Burda, Grosse and Salakhutdinov 2016, equation 13.
 * stl:   the ELBO, "sticking the landing": Roeder, Wu and Duvenaud 2017, equation 8.
 * dreg:  iwae with doubly reparametrized gradients: Tucker, Lawson, Gu and Maddison 2019, equation 8. */
const struct estimator *estimator_find(const char *what, const char *name);

/* Returns the name of the i-th estimator, NULL after the last one. */
const char *estimator_name(size_t i);

/* An estimator with its options. Without importance weights the bound is
 *     E_q[log p(x|z)] - beta * KL,   KL = sum over latents of max(KL of the latent, free_bits),
 * which is the ELBO if beta is 1 and free_bits is 0. With a target t (model/target.h) that is known, it has the
 * term target_weight E_q[log p(t|z)]; with importance weights, each log w_k has the term target_weight log p(t|z_k)
 * instead. */
struct objective {
    const struct estimator *estimator;
    size_t draws;         /* K */
    double beta;          /* weight of the KL term: Higgins et al. 2017 */
    double warmup;        /* epochs over which the weight rises from 0 to beta: Bowman et al. 2016 */
    double free_bits;     /* nats of KL per latent and item that cost nothing: Kingma et al. 2016; closed_kl only */
    double target_weight; /* 0 if the model has no head */
};

/* The arguments of one training step. */
struct step {
    const struct objective *objective;
    size_t batch;    /* items of its mini-batch */
    size_t items;    /* of these, those that are computed now: one split, see train/splits.h */
    double beta;     /* weight of the KL term */
    double rate;     /* learning rate */
    uint64_t number; /* from 1 */
};

/* Returns whether the bound that training maximises after the warm-up is the ELBO. */
bool objective_is_elbo(const struct objective *objective);

/* Returns the weight of the KL term `epochs` epochs after the start, from 0 to beta. */
double objective_beta(const struct objective *objective, double epochs);

/* Writes v [draws], computed from log w [draws]. Returns the log of the mean of w, in nats. */
double importance_weights(const double *log_weight, float *v, size_t draws);

#endif
