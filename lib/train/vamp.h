/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_VAMP_H
#define TRAIN_VAMP_H

#include "model/model.h"
#include "model/objective.h"
#include "nn/plan.h"

/* Training of the VampPrior (dist/mixture.h): its pseudo-inputs go through the encoder at each step, beside the
 * batch, and what the batch's draws of z say of p(z) comes back through it, to the encoder's parameters and to the
 * pseudo-inputs themselves. For a prior without pseudo-inputs there is nothing to do, and nothing is done. */
struct vamp {
    struct model *model; /* not owned, like the next two */
    struct workers *workers;
    const struct pass *batch; /* whose draws count */
    struct pass pass;         /* of the pseudo-inputs, from the encoder's input to the posterior */
    struct plan forward, backward;
};

/* Prepares for a model and the pass that is its step. 0 or -1; end with vamp_end in both cases. */
int vamp_start(struct vamp *vamp, struct model *model, struct workers *workers, const struct pass *batch)
    __attribute__((warn_unused_result));

/* Pseudo-inputs -> the model's prior. */
void vamp_forward(struct vamp *vamp);

/* After the batch's backward pass: its draws -> the gradients of the pass, and of the pseudo-inputs. */
void vamp_backward(struct vamp *vamp, const struct step *step);

/* Sets the prior's parameters from the pseudo-inputs, so that the model can be used; those of the moving average
 * too, if there is one. */
void vamp_settle(struct vamp *vamp);

void vamp_end(struct vamp *vamp);

#endif
