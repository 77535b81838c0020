/* SPDX-License-Identifier: MIT */
#include "nn/activation.h"

#include "base/number.h"

/* Defines functions that call two members of a kernel, since the kernel is chosen only at start-up. */
#define PAIR(name, back)                                                                                   \
    static void name##_forward(const struct math_kernel *kernel, float *y, float *slope, size_t n) {       \
        kernel->name(y, slope, n);                                                                         \
    }                                                                                                      \
    static void name##_backward(const struct math_kernel *kernel, float *dy, const float *y, float *slope, \
                                size_t n) {                                                                \
        kernel->back(dy, y, slope, n);                                                                     \
    }

PAIR(relu, relu_backward)
PAIR(tanh, tanh_backward)
PAIR(elu, elu_backward)
PAIR(softplus, softplus_backward)
PAIR(gelu, slope_backward)
PAIR(silu, slope_backward)

static void gated_forward(const struct math_kernel *kernel, float *y, float *pair, size_t n) {
    kernel->gate(y, pair, n);
}

static void gated_backward(const struct math_kernel *kernel, float *dy, const float *y, float *pair, size_t n) {
    (void)y;
    kernel->gate_backward(dy, pair, n);
}

static const struct activation activations[] = {
    {"relu", 1, 1, false, relu_forward, relu_backward},
    {"tanh", 1, 1, false, tanh_forward, tanh_backward},
    {"elu", 1, 1, false, elu_forward, elu_backward},
    {"softplus", 1, 1, false, softplus_forward, softplus_backward},
    {"gelu", 1, 1, true, gelu_forward, gelu_backward},
    {"silu", 2, 1, true, silu_forward, silu_backward},
    {"gated", 1, 2, true, gated_forward, gated_backward},
};

const struct activation *activation_find(const char *what, const char *name) {
    int i = parse_name(what, name, activations, sizeof activations / sizeof *activations, sizeof *activations);
    return i < 0 ? NULL : &activations[i];
}
