/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ELBO_H
#define MODEL_ELBO_H

/* Means over items, in nats per item: elbo = reconstruction - kl, where reconstruction = E_q[log p(x|z)]. */
struct elbo {
    double elbo, reconstruction, kl;
};

#endif
