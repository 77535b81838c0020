/* SPDX-License-Identifier: MIT */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include "kernel/function.h"
#include "kernel/math_kernel.h"

#include <stdbool.h>

/* An activation function of hidden layers. Each is an entry of the table in activation.c. It computes n outputs
 * from n numbers, or from n groups of numbers. */
struct activation {
    const char *name;
    int version;            /* of the model file that first has it */
    enum function function; /* unless group > 1 */
    size_t group;           /* numbers of the layer's product per output, side by side */
    bool keeps_slope;       /* the backward pass reads what the forward pass writes to `slope` [n, group] */

    /* Computes y [n] from y, in place; if group > 1, from slope [n, group]. Writes `slope` if keeps_slope. */
    void (*forward)(const struct math_kernel *kernel, float *y, float *slope, size_t n);

    /* Given dy [n], the gradient with respect to y, computes the gradient with respect to the product. It
     * overwrites dy or, if group > 1, slope [n, group]. y and slope are from `forward`. */
    void (*backward)(const struct math_kernel *kernel, float *dy, const float *y, float *slope, size_t n);
};

/* Returns the numbers of a product per output: the activation's group, or 1 if there is no activation (NULL). */
static inline size_t activation_group(const struct activation *activation) {
    return activation == NULL ? 1 : activation->group;
}

/* Returns the activation with this name: relu, tanh, elu, softplus, gelu, silu (x sigmoid(x)), or gated (a linear
 * part times the sigmoid of another one: Dauphin et al. 2017). NULL with a message that begins with `what`. */
const struct activation *activation_find(const char *what, const char *name);

/* Returns the name of the i-th activation, NULL after the last one. */
const char *activation_name(size_t i);

#endif
