/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "kernel/math_kernel.h"
#include "nn/parameters.h"

#include <stdbool.h>
#include <stdint.h>

/* How parameters are updated from their gradient. Each optimizer is an entry of the table in optimizer.c. */
struct optimizer {
    const char *name;
    bool orthogonal;     /* Muon: matrices are updated as a whole, other parameters by Adam */
    double beta1, beta2; /* decays of the first and second moment; with beta2 = 1 the second is a sum, not a mean */
};

/* Returns the optimizer with this name, or NULL with a message that begins with `what`.
 * adam: Kingma and Ba 2015, algorithm 1, with beta1 = 0.9 and beta2 = 0.999.
 * adagrad: W = W - rate G / (sqrt(sum of G^2 so far) + epsilon): Duchi et al. 2011, with diagonal matrices. It is
 *     computed as Adam with the gradient as first moment and a sum as second moment.
 * muon: orthogonalised momentum for weight matrices (Jordan et al. 2024), and Adam at the same rate for biases. */
const struct optimizer *optimizer_find(const char *what, const char *name);

/* Returns the name of the i-th optimizer, NULL after the last one. */
const char *optimizer_name(size_t i);

struct optimizer_config {
    const struct optimizer *optimizer;
    double epsilon;      /* of Adam and Adagrad */
    double weight_decay; /* decoupled weight decay of weight matrices: Loshchilov and Hutter 2019 */
    double clip;         /* maximum norm of the gradient with respect to all parameters; 0: no limit */
};

/* Returns the constants of Adam or Adagrad for step t, from 1. The gradient is multiplied by `scale` first. */
struct adam_step adam_step(const struct optimizer_config *config, double rate, double scale, uint64_t t);

/* Updates the parameters [offset, offset + size) and their moments from their gradient [size], which it sets to 0.
 * The parameters are multiplied by `decay` = 1 - rate weight_decay first. The result does not depend on how the
 * parameters are divided into calls. Returns whether all second moments are finite. */
bool adam_update(const struct adam_step *step, float decay, struct parameters *p, float *gradient, size_t offset,
                 size_t size);

/* Updates one tensor of the table by Muon, as a matrix [rows, columns], see tensor_rows:
 *     M = 0.95 M + G,   W = decay W - rate 0.2 sqrt(max(rows, columns)) O(G + 0.95 M),
 * where G is `scale` times the gradient, and O(X) is X with all singular values near 1, computed by five
 * Newton-Schulz steps. The gradient becomes 0. `scratch` has muon_scratch(tensor) floats, owned by the caller.
 * Returns whether the squares of G + 0.95 M have a finite sum. */
bool muon_update(double rate, double scale, float decay, struct parameters *p, const struct tensor *tensor,
                 float *scratch);
size_t muon_scratch(const struct tensor *tensor);

#endif
