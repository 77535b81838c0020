/* SPDX-License-Identifier: MIT */
/* Recurrent layers in operators of ONNX: GRU, of a sequence that is given; a loop, if each position reads the token
 * that was chosen for the one before it. */
#include "export/onnx_loop.h"
#include "export/onnx_writer.h"

/* The weights [3 H, columns] and [3 H, H], and the biases [3 H], as they are in the model's file. */
struct gates {
    const char *input, *state, *input_bias, *state_bias;
};

static struct gates gates_of(struct onnx *o, const struct node *n, size_t columns) {
    const size_t units = n->image.channels, input[] = {3 * units, columns}, state[] = {3 * units, units};
    return (struct gates){onnx_weight(o, n->weight, input, 2), onnx_weight(o, n->state_weight, state, 2),
                          onnx_weight(o, n->bias, input, 1), onnx_weight(o, n->state_bias, state, 1)};
}

/* Part number `part` of those that have `units` numbers each, along an axis. */
static const char *part_of(struct onnx *o, const char *a, size_t axis, size_t part, size_t units) {
    return onnx_slice(o, a, (struct onnx_part){.axis = axis, .first = part * units, .end = (part + 1) * units},
                      NULL);
}

/* The rows of the gates r, z and c in the order of ONNX, z, r and c. */
static const char *in_order(struct onnx *o, const char *a, size_t units) {
    const char *r = part_of(o, a, 0, 0, units), *z = part_of(o, a, 0, 1, units), *c = part_of(o, a, 0, 2, units);
    return onnx_concatenate(o, 0, onnx_concatenate(o, 0, z, r), c);
}

/* An axis of size 1 before the others: ONNX has one for the directions. */
static const char *with_direction(struct onnx *o, const char *a) {
    return onnx_binary(o, "Unsqueeze", a, onnx_whole(o, (const int64_t[]){0}, 1));
}

static const char *swap_first_axes(struct onnx *o, const char *a) {
    return onnx_transpose(o, a, (const int64_t[]){1, 0, 2}, 3);
}

const char *onnx_gru(struct onnx *o, const struct node *n) {
    const struct image *in = &o->graph->node[n->in[0]].image;
    const size_t units = n->image.channels, positions = image_positions(in), shape[] = {positions, in->channels},
                 width = image_size(&n->image);
    const struct gates g = gates_of(o, n, in->channels);
    const char *bias = onnx_concatenate(o, 0, in_order(o, g.input_bias, units), in_order(o, g.state_bias, units));
    const char *x = swap_first_axes(o, onnx_reshape(o, onnx_rows(o, n->in[0]), shape, 2, NULL));
    /* [positions, 1, items, units] */
    const char *states = onnx_add(
        o, &(struct onnx_operator){.type = "GRU",
                                   .in = {x, with_direction(o, in_order(o, g.input, units)),
                                          with_direction(o, in_order(o, g.state, units)), with_direction(o, bias)},
                                   .attribute = {{.name = "hidden_size", .i = {(int64_t)units}},
                                                 {.name = "linear_before_reset", .i = {1}}}});
    if (image_positions(&n->image) == 1)
        return onnx_binary(o, "Squeeze", part_of(o, states, 0, positions - 1, 1),
                           onnx_whole(o, (const int64_t[]){0, 1}, 2));
    states = onnx_binary(o, "Squeeze", states, onnx_whole(o, (const int64_t[]){1}, 1));
    return onnx_reshape(o, swap_first_axes(o, states), &width, 1, NULL);
}

/* Zeros [items, width], with as many items as `like` has. */
static const char *zeros(struct onnx *o, const char *like, size_t width) {
    const int64_t columns = (int64_t)width;
    const char *items = part_of(o, onnx_unary(o, "Shape", like), 0, 0, 1);
    return onnx_unary(o, "ConstantOfShape", onnx_concatenate(o, 0, items, onnx_whole(o, &columns, 1)));
}

/* The state after a position, from its parts of the gates: those of the input, and those of the state before. */
static const char *next_state(struct onnx *o, const char *input, const char *hidden, const char *state,
                              size_t units) {
    const char *gate[2];
    for (size_t i = 0; i < 2; i++)
        gate[i] = onnx_unary(
            o, "Sigmoid", onnx_binary(o, "Add", part_of(o, input, 1, i, units), part_of(o, hidden, 1, i, units)));
    const char *reset = onnx_binary(o, "Mul", gate[0], part_of(o, hidden, 1, 2, units)),
               *c = onnx_unary(o, "Tanh", onnx_binary(o, "Add", part_of(o, input, 1, 2, units), reset));
    return onnx_binary(o, "Add", c, onnx_binary(o, "Mul", gate[1], onnx_binary(o, "Sub", state, c)));
}

/* The columns of W_i: one for each token, then those of the numbers that are the same at each position, whose
 * product is outside the loop. */
const char *onnx_gru_cell(struct onnx *o, const struct node *n) {
    const size_t units = n->image.channels, width = 3 * units, tokens = n->levels,
                 columns = tokens + graph_width(o->graph, n->in[0]);
    const struct gates g = gates_of(o, n, columns);
    const char *of_token =
        onnx_unary(o, "Transpose", onnx_slice(o, g.input, (struct onnx_part){.axis = 1, .end = tokens}, NULL));
    const char *others =
        onnx_slice(o, g.input, (struct onnx_part){.axis = 1, .first = tokens, .end = columns}, NULL);
    const char *same = onnx_linear(o, onnx_rows(o, n->in[0]), others, g.input_bias);
    onnx_loop_begin(o, n->positions,
                    &(struct onnx_carried){.state = zeros(o, same, units), .token = zeros(o, same, 1)});
    const struct onnx_carried *before = &o->loop.before;
    const char *token = onnx_cast(o, before->token, TENSOR_PROTO_INT64),
               *input = onnx_reshape(o, onnx_binary(o, "Gather", of_token, token), &width, 1, NULL);
    o->loop.after.state = next_state(o, onnx_binary(o, "Add", same, input),
                                     onnx_linear(o, before->state, g.state, g.state_bias), before->state, units);
    return o->loop.after.state;
}

void onnx_end_positions(struct onnx *o) {
    struct onnx_loop *loop = &o->loop;
    if (loop->positions == 0)
        return;
    const size_t last = o->graph->nodes - 1, positions = loop->positions;
    const char *zero = onnx_scalar(o, 0);
    const char *first = onnx_binary(o, "Equal", loop->number, onnx_whole(o, (const int64_t[]){0}, 1)),
               *ended = onnx_binary(o, "Equal", loop->before.token, zero),
               *goes_on = onnx_binary(o, "Or", first, onnx_unary(o, "Not", ended));
    loop->after.token =
        onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {goes_on, onnx_rows(o, last), zero}});
    const char *tokens = onnx_loop_end(o, onnx_unary(o, "Identity", loop->after.token));
    o->value[last].rows = onnx_reshape(o, swap_first_axes(o, tokens), &positions, 1, NULL);
}
