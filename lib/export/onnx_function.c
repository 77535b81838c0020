/* SPDX-License-Identifier: MIT */
/* The functions of kernel/function.h in operators of ONNX. */
#include "export/onnx_writer.h"

#include <math.h>

enum { EDGES = 255 }; /* between the 256 levels of FUNCTION_LOGISTIC_MEAN */

static const char *scaled(struct onnx *o, const char *a, double factor) {
    return onnx_binary(o, "Mul", a, onnx_scalar(o, factor));
}

static const char *shifted(struct onnx *o, const char *a, double shift) {
    return onnx_binary(o, "Add", a, onnx_scalar(o, shift));
}

/* x (1 + erf(x / sqrt 2)) / 2 */
static const char *gelu(struct onnx *o, const char *x) {
    return onnx_binary(o, "Mul", scaled(o, x, 0.5), shifted(o, onnx_unary(o, "Erf", scaled(o, x, sqrt(0.5))), 1));
}

/* Below 1, where the two terms nearly cancel, the series of 1 / (1 - exp(-x)) - 1 / x, that is 1/2 + x/12 - x^3/720
 * + x^5/30240 - x^7/1209600: the next term is below 3e-8. */
static const char *continuous_mean(struct onnx *o, const char *x) {
    static const double series[] = {-1 / 1209600.0, 1 / 30240.0, -1 / 720.0, 1 / 12.0};
    const char *near = onnx_binary(o, "Less", onnx_unary(o, "Abs", x), onnx_scalar(o, 1));
    const char *square = onnx_binary(o, "Mul", x, x), *sum = scaled(o, square, series[0]);
    for (size_t i = 1; i + 1 < sizeof series / sizeof *series; i++)
        sum = onnx_binary(o, "Mul", shifted(o, sum, series[i]), square);
    sum = shifted(o, onnx_binary(o, "Mul", shifted(o, sum, series[3]), x), 0.5);
    /* 1 / (1 - exp(-x)) is (1 + 1 / tanh(x / 2)) / 2, in which nothing overflows. */
    const char *far = onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {near, onnx_scalar(o, 1), x}});
    const char *inverse = onnx_unary(o, "Reciprocal", onnx_unary(o, "Tanh", scaled(o, far, 0.5)));
    const char *mean =
        onnx_binary(o, "Sub", shifted(o, scaled(o, inverse, 0.5), 0.5), onnx_unary(o, "Reciprocal", far));
    return onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {near, sum, mean}});
}

/* x [items, n] and s [items or 1, n] get an axis more, along which the edges are. */
static const char *logistic_mean(struct onnx *o, const char *x, const char *s) {
    const int64_t last = -1;
    float edges[EDGES];
    for (int k = 0; k < EDGES; k++)
        edges[k] = (float)((k + 0.5) / EDGES);
    const char *axis = onnx_whole(o, &last, 1), *edge = onnx_tensor(o, NULL, edges, &(size_t){EDGES}, 1);
    const char *above = onnx_binary(o, "Sub", onnx_binary(o, "Unsqueeze", x, axis), edge);
    const char *each = onnx_unary(o, "Sigmoid", onnx_binary(o, "Mul", above, onnx_binary(o, "Unsqueeze", s, axis)));
    return onnx_add(o, &(struct onnx_operator){.type = "ReduceMean",
                                               .in = {each},
                                               .attribute = {{.name = "axes", .i = {last}, .count = 1},
                                                             {.name = "keepdims", .i = {0}}}});
}

const char *onnx_function(struct onnx *o, enum function function, const char *x, const char *scale) {
    switch (function) {
    case FUNCTION_RELU:
        return onnx_unary(o, "Relu", x);
    case FUNCTION_TANH:
        return onnx_unary(o, "Tanh", x);
    case FUNCTION_ELU:
        return onnx_unary(o, "Elu", x);
    case FUNCTION_SOFTPLUS:
        return onnx_unary(o, "Softplus", x);
    case FUNCTION_GELU:
        return gelu(o, x);
    case FUNCTION_SILU:
        return onnx_binary(o, "Mul", x, onnx_unary(o, "Sigmoid", x));
    case FUNCTION_SIGMOID:
        return onnx_unary(o, "Sigmoid", x);
    case FUNCTION_EXP:
        return onnx_unary(o, "Exp", onnx_binary(o, "Min", x, onnx_scalar(o, 88)));
    case FUNCTION_LOG1P:
        return onnx_unary(o, "Log", shifted(o, x, 1));
    case FUNCTION_INVERSE_SCALE:
        return onnx_unary(o, "Exp", onnx_unary(o, "Neg", x));
    case FUNCTION_CONTINUOUS_MEAN:
        return continuous_mean(o, x);
    case FUNCTION_LOGISTIC_MEAN:
        return logistic_mean(o, x, scale);
    default:
        return x;
    }
}
