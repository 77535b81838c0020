/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ELBO_H
#define MODEL_ELBO_H

#include <math.h>

/* Means over items, in nats per item: elbo = reconstruction - kl, where reconstruction = E_q[log p(x|z)]; and the
 * bound that training maximises once all warm-up is over, see struct objective. */
struct elbo {
    double elbo, reconstruction, kl, bound;
};

#define ELBO_NONE ((struct elbo){NAN, NAN, NAN, NAN}) /* no items were evaluated */

#endif
