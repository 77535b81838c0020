/* SPDX-License-Identifier: MIT */
/* The nodes of a net's graph in operators of ONNX. Pictures are channels last in the graph and channels first in
 * ONNX: they stay so from one convolution to the next, and are transposed only if the other form is asked for. */
#include "export/onnx_writer.h"

#include <math.h>

static const struct node *node_of(const struct onnx *o, size_t node) {
    return &o->graph->node[node];
}

/* One channel, or one position, is in the same order in both forms. */
static bool is_same_order(const struct image *image) {
    return image->channels == 1 || image_positions(image) == 1;
}

const char *onnx_rows(struct onnx *o, size_t node) {
    struct onnx_value *v = &o->value[node];
    if (v->rows == NULL) {
        const struct image *image = &node_of(o, node)->image;
        const size_t width = image_size(image);
        const char *last =
            is_same_order(image) ? v->picture : onnx_transpose(o, v->picture, (const int64_t[]){0, 2, 3, 1}, 4);
        v->rows = onnx_reshape(o, last, &width, 1, NULL);
    }
    return v->rows;
}

const char *onnx_picture(struct onnx *o, size_t node) {
    struct onnx_value *v = &o->value[node];
    if (v->picture == NULL) {
        const struct image *image = &node_of(o, node)->image;
        const size_t first[] = {image->channels, image->height, image->width},
                     last[] = {image->height, image->width, image->channels};
        v->picture = is_same_order(image) ? onnx_reshape(o, v->rows, first, 3, NULL)
                                          : onnx_transpose(o, onnx_reshape(o, v->rows, last, 3, NULL),
                                                           (const int64_t[]){0, 3, 1, 2}, 4);
    }
    return v->picture;
}

static struct onnx_value rows_value(const char *name) {
    return (struct onnx_value){.rows = name};
}

static struct onnx_value picture_value(const char *name) {
    return (struct onnx_value){.picture = name, .is_picture = true};
}

/* Whether all inputs of a node are pictures, of the shape that the node has except for its channels. */
static bool reads_pictures(const struct onnx *o, const struct node *n) {
    for (size_t i = 0; i < n->inputs; i++) {
        const struct image *in = &node_of(o, n->in[i])->image;
        if (!o->value[n->in[i]].is_picture || in->height != n->image.height || in->width != n->image.width)
            return false;
    }
    return true;
}

/* Input i of a node that computes number by number, or along the channels, so that either form does. */
static const char *either(struct onnx *o, const struct node *n, size_t i) {
    return reads_pictures(o, n) ? onnx_picture(o, n->in[i]) : onnx_rows(o, n->in[i]);
}

static struct onnx_value either_value(const struct onnx *o, const struct node *n, const char *name) {
    return reads_pictures(o, n) ? picture_value(name) : rows_value(name);
}

/* Each number becomes `levels` numbers: whether it is that level. NaN is no level. */
static struct onnx_value run_one_hot(struct onnx *o, const struct node *n) {
    const int64_t last = -1;
    const size_t width = image_size(&n->image);
    const char *levels = onnx_add(
        o, &(struct onnx_operator){
               .type = "Range", .in = {onnx_scalar(o, 0), onnx_scalar(o, (double)n->levels), onnx_scalar(o, 1)}});
    const char *each = onnx_binary(o, "Unsqueeze", onnx_rows(o, n->in[0]), onnx_whole(o, &last, 1));
    const char *hot = onnx_cast(o, onnx_binary(o, "Equal", each, levels), TENSOR_PROTO_FLOAT);
    return rows_value(onnx_reshape(o, hot, &width, 1, NULL));
}

/* 1 for a number of at least 1/2, else 0; NaN stays NaN. */
static const char *binarized(struct onnx *o, const char *x) {
    const char *bit = onnx_cast(o, onnx_binary(o, "GreaterOrEqual", x, onnx_scalar(o, 0.5)), TENSOR_PROTO_FLOAT);
    return onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {onnx_unary(o, "IsNaN", x), x, bit}});
}

/* The numbers of a sequence after its first 0 become NaN, which is no token. */
static const char *until_end(struct onnx *o, const char *x) {
    const char *end = onnx_cast(o, onnx_binary(o, "Equal", x, onnx_scalar(o, 0)), TENSOR_PROTO_FLOAT);
    const char *before = onnx_add(
        o, &(struct onnx_operator){.type = "CumSum",
                                   .in = {end, onnx_unary(o, "Squeeze", onnx_whole(o, (const int64_t[]){1}, 1))},
                                   .attribute = {{.name = "exclusive", .i = {1}}}});
    const char *ended = onnx_binary(o, "Greater", before, onnx_scalar(o, 0));
    return onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {ended, onnx_scalar(o, (double)NAN), x}});
}

static struct onnx_value run_input(struct onnx *o, const struct node *n) {
    const struct model *m = &o->e->model;
    const size_t width = image_size(&n->image);
    if (n->name == m->net.layer[m->z].name)
        return rows_value(n->name);
    if (n->name == m->net.layer[m->x].name) {
        const char *x = m->config.item.rank == 1 ? n->name : onnx_reshape(o, n->name, &width, 1, NULL);
        if (m->config.tokens != NULL)
            return rows_value(until_end(o, x));
        return rows_value(m->config.binarize == BINARIZE_THRESHOLD ? binarized(o, x) : x);
    }
    const int64_t classes = (int64_t)width;
    const float values[] = {0, 1};
    return rows_value(onnx_add(o, &(struct onnx_operator){.type = "OneHot",
                                                          .in = {n->name, onnx_whole(o, &classes, 1),
                                                                 onnx_tensor(o, NULL, values, &(size_t){2}, 1)}}));
}

static struct onnx_value run_constant(struct onnx *o, const struct node *n) {
    return rows_value(onnx_weight(o, n->weight, (const size_t[]){1, image_size(&n->image)}, 2));
}

static struct onnx_value run_linear(struct onnx *o, const struct node *n) {
    const size_t out = image_size(&n->image), in = graph_width(o->graph, n->in[0]);
    const char *x = onnx_rows(o, n->in[0]), *weight = onnx_weight(o, n->weight, (const size_t[]){out, in}, 2),
               *bias = onnx_weight(o, n->bias, &out, 1);
    return rows_value(onnx_linear(o, x, weight, bias));
}

/* Rows, or columns, of zeros after the last one that the kernel needs; none if its steps pass over some at the end.
 */
static int64_t after(const struct node *n, size_t from, size_t to) {
    const size_t covered = (to - 1) * n->stride + n->kernel, there = from + n->before;
    return covered > there ? (int64_t)(covered - there) : 0;
}

static struct onnx_value run_conv(struct onnx *o, const struct node *n) {
    const struct image *in = &node_of(o, n->in[0])->image;
    if (graph_is_linear(o->graph, n))
        return run_linear(o, n);
    const int64_t kernel = (int64_t)n->kernel, stride = (int64_t)n->stride, before = (int64_t)n->before;
    const size_t shape[] = {n->image.channels, in->channels, n->kernel, n->kernel};
    const char *x = onnx_picture(o, n->in[0]), *weight = onnx_weight(o, n->weight, shape, 4),
               *bias = onnx_weight(o, n->bias, shape, 1);
    return picture_value(onnx_add(
        o, &(struct onnx_operator){.type = "Conv",
                                   .in = {x, weight, bias},
                                   .attribute = {{.name = "kernel_shape", .i = {kernel, kernel}, .count = 2},
                                                 {.name = "strides", .i = {stride, stride}, .count = 2},
                                                 {.name = "pads",
                                                  .i = {before, before, after(n, in->height, n->image.height),
                                                        after(n, in->width, n->image.width)},
                                                  .count = 4}}}));
}

/* half_pixel and round_prefer_floor, the defaults: no position is near the middle between two pixels. */
static struct onnx_value run_up(struct onnx *o, const struct node *n) {
    const struct image *in = &node_of(o, n->in[0])->image;
    const float factor = (float)n->factor, scales[] = {1, 1, factor, factor};
    const char *x = onnx_picture(o, n->in[0]), *scale = onnx_tensor(o, NULL, scales, &(size_t){4}, 1);
    const char *large = onnx_add(o, &(struct onnx_operator){.type = "Resize",
                                                            .in = {x, "", scale},
                                                            .attribute = {{.name = "mode", .text = "nearest"}}});
    if (in->height * n->factor > n->image.height)
        large = onnx_slice(o, large, (struct onnx_part){.axis = 2, .end = n->image.height}, NULL);
    if (in->width * n->factor > n->image.width)
        large = onnx_slice(o, large, (struct onnx_part){.axis = 3, .end = n->image.width}, NULL);
    return picture_value(large);
}

/* Mean over the last axis, which stays. */
static const char *mean_of_last(struct onnx *o, const char *a, int64_t axis) {
    return onnx_add(o, &(struct onnx_operator){.type = "ReduceMean",
                                               .in = {a},
                                               .attribute = {{.name = "axes", .i = {axis}, .count = 1}}});
}

/* [items, groups, numbers of a group], since the channels of a group are neighbours in rows of one position and in
 * pictures; then the shape that it had. Weight and bias have an axis of size 1 for each of height and width. */
static struct onnx_value run_norm(struct onnx *o, const struct node *n) {
    const bool rows = image_positions(&n->image) == 1;
    const size_t each = image_size(&n->image) / n->groups, grouped[] = {n->groups, each},
                 shape[] = {n->image.channels, n->image.height, n->image.width}, channels[] = {shape[0], 1, 1},
                 rank = rows ? 1 : 3;
    const char *x = rows ? onnx_rows(o, n->in[0]) : onnx_picture(o, n->in[0]);
    x = onnx_reshape(o, x, grouped, 2, NULL);
    const char *centred = onnx_binary(o, "Sub", x, mean_of_last(o, x, 2));
    const char *variance = mean_of_last(o, onnx_binary(o, "Mul", centred, centred), 2);
    const char *deviation = onnx_unary(o, "Sqrt", onnx_binary(o, "Add", variance, onnx_scalar(o, n->epsilon)));
    const char *normal = onnx_reshape(o, onnx_binary(o, "Div", centred, deviation), shape, rank, NULL);
    const char *weight = onnx_weight(o, n->weight, channels, rank), *bias = onnx_weight(o, n->bias, channels, rank);
    const char *y = onnx_binary(o, "Add", onnx_binary(o, "Mul", normal, weight), bias);
    return rows ? rows_value(y) : picture_value(y);
}

static struct onnx_value run_function(struct onnx *o, const struct node *n) {
    if (n->inputs > 1)
        return rows_value(onnx_function(o, n->function, onnx_rows(o, n->in[0]), onnx_rows(o, n->in[1])));
    return either_value(o, n, onnx_function(o, n->function, either(o, n, 0), NULL));
}

/* Number `first` of each `step` neighbours among the channels. */
static const char *pick(struct onnx *o, const struct node *n, size_t first, size_t step) {
    const struct image *in = &node_of(o, n->in[0])->image;
    const size_t end = reads_pictures(o, n) ? in->channels : image_size(in);
    return onnx_slice(o, either(o, n, 0), (struct onnx_part){1, first, end, step}, NULL);
}

static struct onnx_value run_gate(struct onnx *o, const struct node *n) {
    const char *gate = onnx_unary(o, "Sigmoid", pick(o, n, 1, 2));
    return either_value(o, n, onnx_binary(o, "Mul", pick(o, n, 0, 2), gate));
}

static struct onnx_value run_pick(struct onnx *o, const struct node *n) {
    return either_value(o, n, pick(o, n, n->first, n->step));
}

static struct onnx_value run_add(struct onnx *o, const struct node *n) {
    const char *a = either(o, n, 0), *b = either(o, n, 1);
    return either_value(o, n, onnx_binary(o, "Add", a, b));
}

static struct onnx_value run_concatenate(struct onnx *o, const struct node *n) {
    if (image_positions(&n->image) == 1)
        return rows_value(onnx_concatenate(o, 1, onnx_rows(o, n->in[0]), onnx_rows(o, n->in[1])));
    const int64_t all[] = {1, 1, (int64_t)n->image.height, (int64_t)n->image.width};
    const char *a = onnx_picture(o, n->in[0]), *b = onnx_picture(o, n->in[1]);
    if (image_positions(&node_of(o, n->in[1])->image) == 1)
        b = onnx_binary(o, "Expand", b, onnx_whole(o, all, 4));
    return picture_value(onnx_concatenate(o, 1, a, b));
}

static struct onnx_value run_observed(struct onnx *o, const struct node *n) {
    const char *x = either(o, n, 0), *missing = onnx_unary(o, "IsNaN", x);
    return either_value(
        o, n, onnx_add(o, &(struct onnx_operator){.type = "Where", .in = {missing, onnx_scalar(o, 0), x}}));
}

static struct onnx_value run_mask(struct onnx *o, const struct node *n) {
    const char *missing = onnx_unary(o, "IsNaN", either(o, n, 0));
    return either_value(o, n, onnx_cast(o, onnx_unary(o, "Not", missing), TENSOR_PROTO_FLOAT));
}

static struct onnx_value run_clamp(struct onnx *o, const struct node *n) {
    const size_t width = image_size(&n->image);
    const char *x = onnx_rows(o, n->in[0]), *bounded = x;
    if (n->first > 0)
        bounded = onnx_slice(o, x, (struct onnx_part){.axis = 1, .first = n->first, .end = width}, NULL);
    bounded =
        onnx_add(o, &(struct onnx_operator){.type = "Clip",
                                            .in = {bounded, onnx_scalar(o, -n->bound), onnx_scalar(o, n->bound)}});
    if (n->first == 0)
        return rows_value(bounded);
    const char *before = onnx_slice(o, x, (struct onnx_part){.axis = 1, .end = n->first}, NULL);
    return rows_value(onnx_concatenate(o, 1, before, bounded));
}

static struct onnx_value run_most(struct onnx *o, const struct node *n) {
    const size_t shape[] = {image_size(&n->image), n->levels};
    const char *x = onnx_reshape(o, onnx_rows(o, n->in[0]), shape, 2, NULL);
    return rows_value(onnx_cast(
        o,
        onnx_add(o, &(struct onnx_operator){.type = "ArgMax",
                                            .in = {x},
                                            .attribute = {{.name = "axis", .i = {2}}, {.name = "keepdims"}}}),
        TENSOR_PROTO_FLOAT));
}

static struct onnx_value run_gru(struct onnx *o, const struct node *n) {
    return rows_value(onnx_gru(o, n));
}

static struct onnx_value run_gru_cell(struct onnx *o, const struct node *n) {
    return rows_value(onnx_gru_cell(o, n));
}

void onnx_node(struct onnx *o, size_t node) {
    static struct onnx_value (*const run[NODE_KINDS])(struct onnx * o,
                                                      const struct node *n) = {[NODE_INPUT] = run_input,
                                                                               [NODE_CONSTANT] = run_constant,
                                                                               [NODE_LINEAR] = run_linear,
                                                                               [NODE_CONV] = run_conv,
                                                                               [NODE_UP] = run_up,
                                                                               [NODE_NORM] = run_norm,
                                                                               [NODE_FUNCTION] = run_function,
                                                                               [NODE_GATE] = run_gate,
                                                                               [NODE_ADD] = run_add,
                                                                               [NODE_PICK] = run_pick,
                                                                               [NODE_CONCATENATE] = run_concatenate,
                                                                               [NODE_ONE_HOT] = run_one_hot,
                                                                               [NODE_OBSERVED] = run_observed,
                                                                               [NODE_MASK] = run_mask,
                                                                               [NODE_CLAMP] = run_clamp,
                                                                               [NODE_MOST] = run_most,
                                                                               [NODE_GRU] = run_gru,
                                                                               [NODE_GRU_CELL] = run_gru_cell};
    const struct node *n = node_of(o, node);
    o->layer = n->name;
    o->value[node] = run[n->kind](o, n);
}
