/* SPDX-License-Identifier: MIT */
#ifndef MODEL_OBJECTIVE_H
#define MODEL_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECTIVE_MAX_DRAWS 1024 /* K */

/* What training climbs, from K draws z_k ~ q(z|x) of an item, with the importance weights
 *     log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x)   and   v_k = w_k / sum of w.
 * An estimator is one entry of the table in objective.c; it says how draws count in the decoder's gradient and
 * which terms the encoder's has. */
struct estimator {
    const char *name;
    bool importance; /* a draw counts v_k instead of 1/K, and the bound is log of the mean of w */
    bool closed_kl;  /* KL(q || p) by its closed form, instead of by the draws */
    bool path;       /* only the gradient through z: the score of q, whose mean is 0, is left out */
    bool squared;    /* in the encoder's gradient a draw counts v_k squared */
};

/* elbo:  Kingma and Welling 2014, equation 10.
 * iwae:  Burda, Grosse and Salakhutdinov 2016, equation 13.
 * stl:   the ELBO, "sticking the landing": Roeder, Wu and Duvenaud 2017, equation 8.
 * dreg:  iwae with doubly reparametrized gradients: Tucker, Lawson, Gu and Maddison 2019, equation 8.
 * NULL with a message opened by `what`. */
const struct estimator *estimator_find(const char *what, const char *name);

/* What is climbed, besides its estimator. */
struct objective {
    const struct estimator *estimator;
    size_t draws;     /* K */
    double beta;      /* weight of the KL term: Higgins et al. 2017 */
    double warmup;    /* epochs over which that weight rises from 0: Bowman et al. 2016 */
    double free_bits; /* nats a latent of an item that cost nothing: Kingma et al. 2016, by item; closed_kl only */
};

/* The arguments of one training step. */
struct step {
    const struct objective *objective;
    size_t items;    /* of its mini-batch */
    double beta;     /* weight of the KL term */
    double rate;     /* learning rate */
    uint64_t number; /* from 1 */
};

/* The KL term's weight `epochs` after the start. */
double objective_beta(const struct objective *objective, double epochs);

/* v [draws] from log w [draws]; returns the log of the mean of w, nats. */
double importance_weights(const double *log_weight, float *v, size_t draws);

#endif
