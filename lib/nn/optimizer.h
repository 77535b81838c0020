/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "kernel/math_kernel.h"
#include "nn/parameters.h"

#include <stdbool.h>
#include <stdint.h>

/* How weights follow their gradient. One entry of the table in optimizer.c each. */
struct optimizer {
    const char *name;
    bool orthogonal;     /* matrices are updated whole, by Muon; the rest by Adam */
    double beta1, beta2; /* what a step leaves of the moments; of 1 the second is a sum, not a mean */
};

/* adam: Kingma and Ba 2015, algorithm 1, with beta1 = 0.9 and beta2 = 0.999.
 * adagrad: W = W - rate G / (sqrt(sum of G^2 so far) + epsilon), Duchi et al. 2011, with diagonal matrices: an
 *     Adam whose second moment is a sum and whose first is the gradient.
 * muon: weight matrices by their momentum made orthogonal (Jordan et al. 2024), biases by Adam at the same rate.
 * NULL with a message opened by `what`. */
const struct optimizer *optimizer_find(const char *what, const char *name);

struct optimizer_config {
    const struct optimizer *optimizer;
    double epsilon;      /* Adam's, Adagrad's */
    double weight_decay; /* of weight matrices, decoupled from the gradient: Loshchilov and Hutter 2019 */
    double clip;         /* the greatest norm of the whole gradient, 0: any */
};

/* Adam's or Adagrad's constants for step t, counted from 1, of which the gradient is multiplied by `scale` first.
 */
struct adam_step adam_step(const struct optimizer_config *config, double rate, double scale, uint64_t t);

/* Updates the parameters [offset, offset + size) from their gradient [size], which is 0 afterwards. The result is
 * the same however the parameters are divided into calls. `decay` is a factor of the parameters, 1 - rate times
 * weight_decay. */
void adam_update(const struct adam_step *step, float decay, struct parameters *p, float *gradient, size_t offset,
                 size_t size);

/* Muon on one tensor of the table as a matrix [rows, columns], see tensor_rows:
 *     M = 0.95 M + G,   W = decay W - rate 0.2 sqrt(max(rows, columns)) O(G + 0.95 M),
 * O(X) being X with all its singular values moved near 1, by five Newton-Schulz steps. The gradient, multiplied by
 * `scale` first, is 0 afterwards. `scratch` has muon_scratch numbers. */
void muon_update(double rate, double scale, float decay, struct parameters *p, const struct tensor *tensor,
                 float *scratch);
size_t muon_scratch(const struct tensor *tensor);

#endif
