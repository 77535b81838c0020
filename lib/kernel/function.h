/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_FUNCTION_H
#define KERNEL_FUNCTION_H

/* Functions of a number x, the last one also of an inverse scale s, for programs that are written from a net
 * (nn/graph.h). */
enum function {
    FUNCTION_NONE,            /* x */
    FUNCTION_RELU,            /* max(x, 0) */
    FUNCTION_TANH,            /* tanh(x) */
    FUNCTION_ELU,             /* x if x > 0, else exp(x) - 1 */
    FUNCTION_SOFTPLUS,        /* log(1 + exp(x)) */
    FUNCTION_GELU,            /* x times the normal distribution function of x */
    FUNCTION_SILU,            /* x / (1 + exp(-x)) */
    FUNCTION_SIGMOID,         /* 1 / (1 + exp(-x)) */
    FUNCTION_EXP,             /* exp(min(x, 88)), which is finite in single precision */
    FUNCTION_LOG1P,           /* log(1 + x) */
    FUNCTION_INVERSE_SCALE,   /* exp(-x) */
    FUNCTION_CONTINUOUS_MEAN, /* the mean of the continuous Bernoulli distribution with logit x:
                               * 1 / (1 - exp(-x)) - 1 / x, which is 1/2 + x / 12 near 0 */
    FUNCTION_LOGISTIC_MEAN,   /* the mean of the logistic distribution of location x over the levels 0, 1/255, ...,
                               * 1: the mean of sigmoid((x - (k + 0.5) / 255) s) over k = 0, ..., 254 */
    FUNCTIONS
};

#endif
