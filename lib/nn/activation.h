/* SPDX-License-Identifier: MIT */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include "kernel/math_kernel.h"

#include <stdbool.h>

/* A layer's nonlinearity: one entry of the table in activation.c each. It makes n outputs of n numbers, in place;
 * or of n groups of numbers, in `slope`, and then the gradient by these is left there, too. */
struct activation {
    const char *name;
    size_t group;     /* numbers of the layer's product for each output, side by side */
    bool keeps_slope; /* the backward pass needs what the forward pass writes to `slope` [n, group] */

    /* y [n] or, if group > 1, slope [n, group] -> y [n], slope. */
    void (*forward)(const struct math_kernel *kernel, float *y, float *slope, size_t n);

    /* dy [n], y [n], slope -> in dy or, if group > 1, in slope [n, group] the gradient before the activation. */
    void (*backward)(const struct math_kernel *kernel, float *dy, const float *y, float *slope, size_t n);
};

/* The activation of that name: relu, tanh, elu, softplus, gelu; gated, a linear part times the sigmoid of another:
 * Dauphin et al. 2017. NULL with a message opened by `what`. */
const struct activation *activation_find(const char *what, const char *name);

#endif
