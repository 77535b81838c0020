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
    {.name = "relu",
     .version = 1,
     .function = FUNCTION_RELU,
     .group = 1,
     .forward = relu_forward,
     .backward = relu_backward},
    {.name = "tanh",
     .version = 1,
     .function = FUNCTION_TANH,
     .group = 1,
     .forward = tanh_forward,
     .backward = tanh_backward},
    {.name = "elu",
     .version = 1,
     .function = FUNCTION_ELU,
     .group = 1,
     .forward = elu_forward,
     .backward = elu_backward},
    {.name = "softplus",
     .version = 1,
     .function = FUNCTION_SOFTPLUS,
     .group = 1,
     .forward = softplus_forward,
     .backward = softplus_backward},
    {.name = "gelu",
     .version = 1,
     .function = FUNCTION_GELU,
     .group = 1,
     .keeps_slope = true,
     .forward = gelu_forward,
     .backward = gelu_backward},
    {.name = "silu",
     .version = 2,
     .function = FUNCTION_SILU,
     .group = 1,
     .keeps_slope = true,
     .forward = silu_forward,
     .backward = silu_backward},
    {.name = "gated",
     .version = 1,
     .group = 2,
     .keeps_slope = true,
     .forward = gated_forward,
     .backward = gated_backward},
};

const struct activation *activation_find(const char *what, const char *name) {
    int i = parse_name(what, name, activations, sizeof activations / sizeof *activations, sizeof *activations);
    return i < 0 ? NULL : &activations[i];
}

const char *activation_name(size_t i) {
    return i < sizeof activations / sizeof *activations ? activations[i].name : NULL;
}
