#ifndef VAE_UPDATE_H
#define VAE_UPDATE_H

#include "base/workers.h"
#include "nn/optimizer.h"
#include "vae/pass.h"

/* The last part of a training step: from the pass's deltas the gradient of the weights, and from that new weights.
 */

struct slice; /* a layer's units whose gradient, and where it can be their update, is one task */

struct update_config {
    struct optimizer_config optimizer;
    double ema; /* of the averaged weights that are kept beside, what a step leaves; 0: none are */
};

struct update {
    struct model *model; /* not owned, like the passes */
    struct pass *pass;
    const struct pass
        *pseudo; /* of the prior's pseudo-inputs, whose deltas add to the encoder's gradient; or NULL */
    const struct update_config *config;
    struct slice *slice;
    size_t slices;
    size_t *matrix_order; /* the tensors in the order of the second round's tasks */
    float **scratch;      /* [tensors], of matrices that are updated whole */
    float *own_gradient;  /* [threads, own_numbers], if a gradient is needed by no other task */
    size_t own_numbers;
    struct adam_step adam; /* of the step at work, as the rest */
    size_t rows;
    double rate, scale;
    float keep, share;
};

/* Set up for a model and the pass that is its step; fields model to config must be set, the rest 0. It runs on so
 * many threads. 0 or -1; end with update_end in both cases. */
int update_start(struct update *update, size_t threads) __attribute__((warn_unused_result));

/* Step number `step`, from 1, behind a pass of `rows` items. */
void update_run(struct update *update, struct workers *workers, size_t rows, double rate, uint64_t step);

void update_end(struct update *update);

#endif
