/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ELBO_H
#define MODEL_ELBO_H

#include <math.h>

/* How well a target is predicted (model/target.h), over the items whose target is known; NaN if there are none. */
struct target_figures {
    double log_likelihood; /* E_q[log p(t|z)], nats per item, of t in units of its standard deviation */
    double r2; /* 1 - sum of squared errors / sum of squared differences of the targets from their mean */
};

#define TARGET_NONE ((struct target_figures){.log_likelihood = NAN, .r2 = NAN})

/* Means over items, in nats per item: elbo = reconstruction - kl, where reconstruction = E_q[log p(x|z)]; and the
 * bound that training maximises once all warm-up is over, see struct objective. */
struct elbo {
    double elbo, reconstruction, kl, bound;
    struct target_figures target;
};

/* No items were evaluated. */
#define ELBO_NONE \
    ((struct elbo){.elbo = NAN, .reconstruction = NAN, .kl = NAN, .bound = NAN, .target = TARGET_NONE})

#endif
