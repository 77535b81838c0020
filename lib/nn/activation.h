#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include "nn/math_kernel.h"

#include <stdbool.h>

/* A layer's nonlinearity: one entry of the table in activation.c each. */
struct activation {
    const char *name;
    bool keeps_slope; /* the backward pass needs what the forward pass writes to `slope` */
    void (*forward)(const struct math_kernel *kernel, float *y, float *slope, size_t n);
    void (*backward)(const struct math_kernel *kernel, float *dy, const float *y, const float *slope, size_t n);
};

/* The activation of that name: relu, tanh, elu, softplus, gelu. NULL with a message opened by `what`. */
const struct activation *activation_find(const char *what, const char *name);

#endif
