/* SPDX-License-Identifier: MIT */
#ifndef UNIT_OP_CASES_H
#define UNIT_OP_CASES_H

#include "op_reference.h"

/* The list of ops that ops.c checks. A new op is tested by adding it to `cases`, with a reference in
 * op_reference.h: a function in double that is written from the op's definition and shares no code with the
 * library. */

/* An op that only this file defines: in[0] times in[1], number by number, with a gradient with respect to both.
 * in[0] may have one row per draw, and in[1] one per item, so that the gradients of an item's draws are added up.
 */
static int product_infer(struct net *net, struct layer *layer) {
    layer->width = net_input(net, layer, 0)->width;
    return 0;
}

static const float *factor(const struct pass *p, const struct layer *layer, size_t i, size_t row) {
    const struct layer *in = net_input(p->net, layer, i);
    return p->value[in->number].out + row / (pass_rows_per_item(p, layer) / pass_rows_per_item(p, in)) * in->width;
}

static void product_forward(struct pass *p, const struct layer *layer, const struct tile *t) {
    for (size_t row = t->row; row < t->row + t->rows; row++)
        for (size_t i = t->unit; i < t->unit + t->units; i++)
            pass_value(p, layer)->out[row * layer->width + i] =
                factor(p, layer, 0, row)[i] * factor(p, layer, 1, row)[i];
}

static void product_backward(struct pass *p, const struct layer *layer, const struct tile *t,
                             const struct step *step) {
    (void)step;
    for (size_t i = 0; i < 2; i++) {
        const size_t each = pass_rows_per_item(p, layer) / pass_rows_per_item(p, net_input(p->net, layer, i));
        float *dx = pass_input(p, layer, i)->dout + t->row / each * layer->width;
        if (!layer->adds[i])
            memset(dx, 0, t->rows / each * layer->width * sizeof *dx);
        for (size_t row = 0; row < t->rows; row++)
            for (size_t j = 0; j < layer->width; j++)
                dx[row / each * layer->width + j] += factor(p, layer, 1 - i, t->row + row)[j] *
                                                     pass_value(p, layer)->dout[(t->row + row) * layer->width + j];
    }
}

static const struct op op_product = {.name = "product",
                                     .backward_inputs = 2,
                                     .infer = product_infer,
                                     .forward = product_forward,
                                     .backward = product_backward};

static size_t build_product(struct net *net, const struct op_case *c, size_t in, size_t second) {
    return net_add(net, &op_product, c->name, NULL, 0, 2, (size_t[]){in, second});
}

static double product_reference(const struct reference_row *r, double *out, double *term) {
    (void)term;
    for (size_t i = 0; i < r->width[0]; i++)
        out[i] = r->in[0][i] * r->in[1][i];
    return 0;
}

#define LINEAR(in_, units_, ...) \
    { .build = build_linear, .reference = linear_reference, .in = in_, .units = units_, __VA_ARGS__ }
#define RESIDUAL(in_, ...) \
    { .build = build_residual, .reference = residual_reference, .in = in_, __VA_ARGS__ }
#define ENCODER_INPUT(likelihood_, ...)                                                                           \
    {                                                                                                             \
        .name = "encoder input " likelihood_, .build = build_encoder_input, .reference = encoder_input_reference, \
        .reading = ITEMS, .likelihood = likelihood_, __VA_ARGS__                                                  \
    }
#define POSTERIOR(in_, ...)                                                                                \
    {                                                                                                      \
        .name = "posterior", .build = build_posterior, .reference = posterior_reference, .reading = ALONE, \
        .in = in_, __VA_ARGS__                                                                             \
    }
#define DRAW(estimator_, in_, ...)                                                                      \
    {                                                                                                   \
        .name = "draw " estimator_, .build = build_draw, .reference = draw_reference, .reading = ALONE, \
        .estimator = estimator_, .in = in_, __VA_ARGS__                                                 \
    }
#define LIKELIHOOD(likelihood_, elements, group_, ...)                                                    \
    {                                                                                                     \
        .name = "likelihood " likelihood_, .build = build_likelihood, .reference = likelihood_reference,  \
        .reading = ALONE, .likelihood = likelihood_, .in = elements, .group = group_, .second = elements, \
        __VA_ARGS__                                                                                       \
    }

#define CONV(height, width_, channels_, units_, kernel_, stride_, ...)                                        \
    {                                                                                                         \
        .build = build_conv, .reference = conv_reference, .image = {height, width_, channels_},               \
        .in = height * width_ * channels_, .units = units_, .kernel = kernel_, .stride = stride_, __VA_ARGS__ \
    }
#define UP_CONV(height, width_, channels_, factor_, units_, kernel_, ...)                                      \
    {                                                                                                          \
        .build = build_up_conv, .reference = conv_reference, .image = {height, width_, channels_},             \
        .in = height * width_ * channels_, .units = units_, .kernel = kernel_, .stride = 1, .factor = factor_, \
        __VA_ARGS__                                                                                            \
    }
#define SKIP(height, width_, channels_, units_, kernel_, ...)                                                  \
    {                                                                                                          \
        .name = "conv with skip", .build = build_conv_skip, .reference = conv_reference,                       \
        .image = {height, width_, channels_}, .in = height * width_ * channels_, .units = units_,              \
        .second = height * width_ * units_, .learns_second = true, .kernel = kernel_, .stride = 1, __VA_ARGS__ \
    }
#define UP(height, width_, channels_, factor, rows, columns, ...)                                          \
    {                                                                                                      \
        .name = "up", .build = build_up, .reference = up_reference, .image = {height, width_, channels_},  \
        .in = height * width_ * channels_, .stride = factor, .units = rows, .kernel = columns, __VA_ARGS__ \
    }
#define NORM(height, width_, channels_, groups_, activation_, ...)                                  \
    {                                                                                               \
        .name = "norm " activation_, .build = build_norm, .reference = norm_reference,              \
        .image = {height, width_, channels_}, .in = height * width_ * channels_, .groups = groups_, \
        .activation = activation_, __VA_ARGS__                                                      \
    }
#define GRU(in_, positions, tokens, units_, ...)                                                       \
    {                                                                                                  \
        .name = "gru", .build = build_gru, .reference = gru_reference, .in = in_, .second = positions, \
        .levels = tokens, .units = units_, __VA_ARGS__                                                 \
    }
#define GRU_OF_SEQUENCE(positions, channels_, units_, ...)                                            \
    {                                                                                                 \
        .name = "gru of a sequence", .build = build_gru, .reference = gru_reference,                  \
        .image = {positions, 1, channels_}, .in = positions * channels_, .units = units_, __VA_ARGS__ \
    }
#define POSITIONS(height, width_, channels_, units_, ...)                                                     \
    {                                                                                                         \
        .name = "linear of positions", .build = build_positions, .reference = positions_reference,            \
        .image = {height, width_, channels_}, .in = height * width_ * channels_, .units = units_, __VA_ARGS__ \
    }
#define ACTIVATION(in_, activation_, ...)                                                                \
    {                                                                                                    \
        .name = "activation " activation_, .build = build_activation, .reference = activation_reference, \
        .in = in_, .activation = activation_, __VA_ARGS__                                                \
    }

static const struct op_case cases[] = {
    LINEAR(1, 1, .name = "linear"),
    LINEAR(37, 20, .name = "linear"),
    LINEAR(16, 33, .name = "linear", .draws = true),
    LINEAR(5, 7, .name = "linear relu", .activation = "relu"),
    LINEAR(20, 37, .name = "linear tanh", .activation = "tanh"),
    LINEAR(33, 16, .name = "linear elu", .activation = "elu", .draws = true),
    LINEAR(37, 5, .name = "linear softplus", .activation = "softplus"),
    LINEAR(20, 35, .name = "linear gelu", .activation = "gelu"),
    LINEAR(7, 5, .name = "linear silu", .activation = "silu"),
    LINEAR(1, 1, .name = "linear gated", .activation = "gated"),
    LINEAR(33, 37, .name = "linear gated", .activation = "gated", .draws = true),
    LINEAR(37, 9, .name = "linear of groups", .group = 3),
    {.name = "groups", .build = build_groups, .reference = linear_reference, .in = 20, .units = 3 * 37},
    {.name = "pair", .build = build_pair, .reference = linear_reference, .in = 19, .units = 2 * 9},
    {.name = "latent", .build = build_latent, .reference = latent_reference, .in = 7, .units = 4},
    {.name = "latent, all",
     .build = build_latent,
     .reference = latent_reference,
     .in = 5,
     .units = 5,
     .draws = true},
    RESIDUAL(1, .name = "res relu", .activation = "relu"),
    RESIDUAL(37, .name = "res relu", .activation = "relu"),
    RESIDUAL(35, .name = "res tanh", .activation = "tanh", .draws = true),
    RESIDUAL(16, .name = "res elu", .activation = "elu"),
    RESIDUAL(7, .name = "res softplus", .activation = "softplus"),
    RESIDUAL(33, .name = "res gelu", .activation = "gelu"),
    RESIDUAL(33, .name = "res gated", .activation = "gated", .draws = true),
    RESIDUAL(1, .name = "res gated", .activation = "gated"),
    CONV(4, 3, 1, 3, 3, 1, .name = "conv"),
    CONV(1, 1, 3, 2, 3, 1, .name = "conv of a pixel", .reading = ALONE),
    CONV(1, 1, 4, 12, 5, 2, .name = "conv of a pixel", .reading = ALONE),
    CONV(3, 3, 2, 9, 4, 2, .name = "conv tanh", .activation = "tanh"),
    CONV(4, 3, 3, 18, 3, 2, .name = "conv elu", .activation = "elu", .reading = ALONE),
    CONV(4, 4, 2, 9, 2, 1, .name = "conv of even kernel", .draws = true, .reading = ALONE),
    CONV(7, 4, 1, 9, 5, 3, .name = "conv gelu", .activation = "gelu", .draws = true, .reading = ALONE),
    CONV(2, 3, 17, 18, 3, 1, .name = "conv relu", .activation = "relu", .reading = ALONE),
    CONV(4, 3, 2, 5, 3, 2, .name = "conv gated", .activation = "gated", .reading = ALONE),
    CONV(4, 3, 3, 2, 3, 1, .name = "conv gated, narrow", .activation = "gated", .reading = ALONE),
    CONV(3, 4, 2, 1, 4, 1, .name = "conv to one channel", .draws = true),
    CONV(2, 3, 33, 3, 4, 1, .name = "conv to three channels", .activation = "tanh", .reading = ALONE),
    CONV(2, 3, 2, 8, 7, 1, .name = "conv wider than the picture", .reading = ALONE),
    CONV(3, 1, 2, 3, 7, 1, .name = "conv wider than a column", .reading = ALONE),
    CONV(6, 10, 1, 8, 9, 1, .name = "conv, some rows at a time", .reading = ALONE),
    CONV(5, 6, 2, 3, 1, 2, .name = "conv of single pixels", .reading = ALONE),
    CONV(2, 3, 16, 32, 3, 1, .name = "conv in tiles", .draws = false),
    CONV(7, 13, 16, 16, 3, 1, .name = "conv in many tiles", .reading = ALONE),
    CONV(5, 7, 32, 16, 3, 1, .name = "conv in tiles tanh", .activation = "tanh", .reading = ALONE),
    CONV(2, 2, 16, 8, 3, 1, .name = "conv in tiles gated", .activation = "gated", .reading = ALONE),
    SKIP(2, 5, 16, 16, 3, .draws = false, .reading = ALONE),
    CONV(2, 3, 16, 20, 3, 1, .name = "conv to part of a panel", .reading = ALONE),
    CONV(4, 4, 16, 16, 3, 2, .name = "conv of panels with a stride", .reading = ALONE),
    UP_CONV(2, 2, 16, 2, 16, 3, .name = "up and conv of panels", .reading = ALONE),
    UP_CONV(2, 3, 2, 2, 3, 4, .name = "up and conv"),
    UP_CONV(3, 2, 3, 2, 18, 3, .name = "up and conv tanh", .activation = "tanh", .draws = true),
    UP_CONV(6, 5, 2, 2, 1, 3, .name = "up and conv to one channel", .reading = ALONE),
    UP_CONV(1, 1, 5, 3, 9, 4, .name = "up and conv of a pixel", .activation = "elu", .reading = ALONE),
    UP_CONV(2, 1, 33, 4, 2, 7, .name = "up and conv wider than the picture", .activation = "gated"),
    UP_CONV(3, 4, 17, 2, 5, 2, .name = "up and conv of even kernel", .reading = ALONE),
    UP_CONV(12, 11, 1, 2, 2, 2, .name = "up and conv, picture by picture", .draws = true, .reading = ALONE),
    SKIP(2, 3, 3, 3, 3, .draws = false),
    SKIP(4, 3, 2, 18, 3, .draws = false),
    UP(2, 3, 2, 2, 0, 0, .draws = true, .reading = ALONE),
    UP(2, 3, 3, 2, 3, 5, .draws = false),
    UP(1, 1, 17, 3, 3, 2, .draws = false, .reading = ALONE),
    NORM(2, 3, 4, 2, "softplus", .draws = true),
    NORM(1, 1, 20, 1, "relu", .draws = false, .reading = ALONE),
    NORM(2, 2, 3, 3, "gelu", .draws = false, .reading = ALONE),
    NORM(3, 1, 8, 4, "gated", .draws = true),
    NORM(3, 3, 8, 2, "gated", .draws = false),
    GRU(3, 4, 3, 2, .draws = true),
    GRU(2, 9, 7, 5, .unknown = true, .reading = ALONE),
    GRU(17, 3, 5, 18, .missing = true, .reading = ALONE),
    GRU(1, 1, 1, 33, .draws = false, .reading = ALONE),
    GRU(1, 150, 1, 1, .draws = false, .reading = ALONE),
    GRU_OF_SEQUENCE(150, 1, 1, .last = true, .reading = ALONE),
    GRU_OF_SEQUENCE(4, 3, 5, .draws = false),
    GRU_OF_SEQUENCE(3, 18, 7, .last = true, .draws = true),
    GRU_OF_SEQUENCE(1, 2, 17, .last = true, .reading = ALONE),
    POSITIONS(5, 1, 3, 19, .draws = true),
    POSITIONS(2, 3, 18, 2, .draws = false),
    POSITIONS(150, 1, 1, 2, .draws = false, .reading = ALONE),
    ACTIVATION(37, "gelu", .draws = true),
    ACTIVATION(5, "relu", .draws = false),
    ENCODER_INPUT("bernoulli", .in = 7, .second = 3),
    ENCODER_INPUT("bernoulli", .in = 12, .second = 3, .missing = true, .mask = true, .image = {2, 3, 2}),
    ENCODER_INPUT("categorical", .in = 6, .levels = 3, .missing = true, .mask = true, .image = {3, 2, 1}),
    ENCODER_INPUT("bernoulli", .in = 7, .missing = true),
    ENCODER_INPUT("gaussian", .in = 19, .second = 1, .missing = true, .mask = true),
    ENCODER_INPUT("categorical", .in = 6, .levels = 3),
    ENCODER_INPUT("categorical", .in = 5, .levels = 4, .second = 2, .missing = true, .mask = true),
    POSTERIOR(2, .draws = false),
    POSTERIOR(34, .draws = false),
    DRAW("elbo", 2, .second = 0),
    DRAW("elbo", 38, .second = 3),
    DRAW("elbo", 6, .vamp = true, .second = 1),
    DRAW("iwae", 10, .second = 0),
    DRAW("iwae", 10, .vamp = true),
    DRAW("stl", 6, .second = 2),
    DRAW("stl", 6, .vamp = true),
    DRAW("dreg", 34, .second = 0),
    DRAW("dreg", 8, .vamp = true),
    LIKELIHOOD("bernoulli", 1, 1, .levels = 2),
    LIKELIHOOD("bernoulli", 20, 1, .levels = 2, .draws = true),
    LIKELIHOOD("bernoulli", 2100, 1, .levels = 2),
    LIKELIHOOD("gaussian", 9, 1, .scale = SCALE_FIXED),
    LIKELIHOOD("gaussian", 19, 1, .scale = SCALE_SHARED, .draws = true),
    LIKELIHOOD("gaussian", 18, 1, .scale = SCALE_PER_DIM, .missing = true, .draws = true),
    LIKELIHOOD("gaussian", 7, 2, .scale = SCALE_NET, .draws = true),
    LIKELIHOOD("gaussian", 2100, 1, .scale = SCALE_PER_DIM),
    LIKELIHOOD("gaussian", 1100, 2, .scale = SCALE_NET),
    LIKELIHOOD("categorical", 6, 3, .levels = 3),
    LIKELIHOOD("categorical", 5, 4, .levels = 4, .missing = true, .draws = true),
    {.name = "product",
     .build = build_product,
     .reference = product_reference,
     .in = 21,
     .second = 21,
     .learns_second = true},
    {.name = "product",
     .build = build_product,
     .reference = product_reference,
     .in = 5,
     .second = 5,
     .learns_second = true,
     .draws = true},
};

#define CASES (sizeof cases / sizeof *cases)

#endif
