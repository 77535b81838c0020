/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ELBO_H
#define MODEL_ELBO_H

/* Mean nats per item: elbo = reconstruction - kl, reconstruction = E_q[log p(x|z)]. */
struct elbo {
    double elbo, reconstruction, kl;
};

#endif
