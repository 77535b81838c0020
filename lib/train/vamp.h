/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_VAMP_H
#define TRAIN_VAMP_H

#include "model/model.h"
#include "model/objective.h"
#include "nn/plan.h"

/* Training of the VampPrior (dist/mixture.h). At each step the pseudo-inputs pass through the encoder, beside the
 * batch. The gradient of -log p(z) of the batch's draws then goes back through the encoder, to its parameters and
 * to the pseudo-inputs. For a prior without pseudo-inputs the functions do nothing. */
struct vamp {
    struct model *model; /* not owned, like the next two */
    struct workers *workers;
    const struct pass *batch; /* the pass of the batch, whose draws of z are used */
    struct pass pass;         /* the pass of the pseudo-inputs, from the encoder's input to the posterior; owned */
    struct plan forward, backward;
};

/* Prepares for a model and the pass of its batches. 0 or -1; end with vamp_end in both cases. */
int vamp_start(struct vamp *vamp, struct model *model, struct workers *workers, const struct pass *batch)
    __attribute__((warn_unused_result));

/* Called before the batch's forward pass: sets the model's prior from the pseudo-inputs. */
void vamp_forward(struct vamp *vamp);

/* Called after the batch's backward pass: computes the gradients of `pass` from the batch's draws, and adds those
 * with respect to the pseudo-inputs to the table of parameters. */
void vamp_backward(struct vamp *vamp, const struct step *step);

/* Sets the prior's components in the table of parameters from the pseudo-inputs, so that the model can be used;
 * also those of the moving average, if there is one. */
void vamp_settle(struct vamp *vamp);

void vamp_end(struct vamp *vamp);

#endif
