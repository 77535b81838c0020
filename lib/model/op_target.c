/* SPDX-License-Identifier: MIT */
/* The likelihood p(t|z) = N(f(z), s^2) of a target t, whose log s is a parameter. Its term is -log p(t|z), 0 if t
 * is NaN. `saved` is the gradient of the term with respect to log s. */
#include "dist/likelihood.h"
#include "dist/special.h"
#include "model/layers.h"
#include "model/objective.h"

#include <math.h>

static int infer(struct net *net, struct layer *layer) {
    layer->units = 1;
    layer->terms = 1;
    layer->saved = 1;
    layer->own[0] =
        (struct unit_parameters){net_add_tensor(net, layer->name, TENSOR_PLAIN, "log_scale", 1, 0), 1, false};
    layer->owns = layer->own_units = 1;
    layer->own_whole = true;
    return 0;
}

static float parameter(const struct pass *pass, const struct layer *layer) {
    return pass->net->parameters.value[layer->own[0].offset];
}

/* Returns (f - t) / s of a row; NaN if t is not known. */
static double error_of(const struct pass *pass, const struct layer *layer, size_t row) {
    const float f = pass_input(pass, layer, 0)->out[row],
                t = pass_input(pass, layer, 1)->out[row / pass_rows_per_item(pass, layer)];
    return ((double)f - (double)t) * exp(-(double)log_scale_bounded(parameter(pass, layer)));
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *tile) {
    double *term = pass_term(pass, layer, 0, tile->part);
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const double error = error_of(pass, layer, row);
        term[row] =
            isnan(error) ? 0 : error * error / 2 + (double)log_scale_bounded(parameter(pass, layer)) + HALF_LOG_2PI;
    }
}

/* The gradient of the weighted term: its weight is that of the draw, times that of the target in the bound. */
static void backward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                     const struct step *step) {
    float *df = pass_input(pass, layer, 0)->dout, *saved = pass_value(pass, layer)->saved;
    const double inverse = exp(-(double)log_scale_bounded(parameter(pass, layer)));
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        const double error = error_of(pass, layer, row),
                     weight = step->objective->target_weight * (pass->draws > 1 ? (double)pass->weight[row] : 1);
        df[row] = isnan(error) ? 0 : (float)(weight * error * inverse);
        saved[row] = isnan(error) ? 0 : (float)(weight * (1 - error * error));
    }
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *tile, float scale, float beta,
                     float *const own[]) {
    double sum = 0;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++)
        sum += (double)pass_value(pass, layer)->saved[row];
    own[0][0] = (beta == 0 ? 0 : beta * own[0][0]) + scale * log_scale_gradient(parameter(pass, layer), (float)sum);
}

static const struct op op_target = {.name = "target",
                                    .backward_inputs = 1,
                                    .infer = infer,
                                    .forward = forward,
                                    .backward = backward,
                                    .gradient = gradient};

size_t net_target(struct net *net, size_t f, size_t t) {
    const size_t in[] = {f, t};
    return net_add(net, &op_target, "target", NULL, 0, 2, in);
}

double target_of_draw(const struct pass *pass, size_t target, size_t row) {
    return pass_term_sum(pass, &pass->net->layer[target], 0, row);
}

double target_of_item(const struct pass *pass, size_t target, size_t item) {
    double sum = 0;
    for (size_t row = item * pass->draws; row < (item + 1) * pass->draws; row++)
        sum += target_of_draw(pass, target, row);
    return sum / (double)pass->draws;
}
