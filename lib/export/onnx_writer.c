/* SPDX-License-Identifier: MIT */
/* Operators and constants of an ONNX graph, and the two forms of a value. */
#include "base/memory.h"
#include "export/onnx_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw_data is little-endian, and so must be the machine's numbers"
#endif

enum { NAME = LAYER_NAME + 64 }; /* bytes of a value's name */

const char *onnx_name(struct onnx *o, const char *type) {
    char **grown = memory_grow(o->name, o->names, sizeof *grown), *name = malloc(NAME);
    if (grown != NULL)
        o->name = grown;
    if (grown == NULL || name == NULL) {
        free(name);
        o->failed = true;
        return "";
    }
    snprintf(name, NAME, "%s/%s_%zu", o->layer, type, o->names);
    o->name[o->names++] = name;
    return name;
}

static void put_attribute(struct protobuf *p, const struct onnx_attribute *a) {
    const size_t begin = protobuf_begin(p, NODE_PROTO_ATTRIBUTE);
    protobuf_text(p, ATTRIBUTE_NAME, a->name);
    if (a->text != NULL)
        protobuf_text(p, ATTRIBUTE_S, a->text);
    else if (a->count == 0)
        protobuf_number(p, ATTRIBUTE_I, (uint64_t)a->i[0]);
    for (size_t i = 0; i < a->count; i++)
        protobuf_number(p, ATTRIBUTE_INTS, (uint64_t)a->i[i]);
    protobuf_number(p, ATTRIBUTE_TYPE,
                    a->text != NULL ? ATTRIBUTE_TYPE_STRING
                    : a->count == 0 ? ATTRIBUTE_TYPE_INT
                                    : ATTRIBUTE_TYPE_INTS);
    protobuf_end(p, begin);
}

const char *onnx_add(struct onnx *o, const struct onnx_operator *op) {
    const char *out = op->out != NULL ? op->out : onnx_name(o, op->type);
    const size_t begin = protobuf_begin(&o->out, GRAPH_NODE);
    for (size_t i = 0; i < ONNX_INPUTS && op->in[i] != NULL; i++)
        protobuf_text(&o->out, NODE_PROTO_INPUT, op->in[i]);
    protobuf_text(&o->out, NODE_PROTO_OUTPUT, out);
    protobuf_text(&o->out, NODE_PROTO_NAME, out);
    protobuf_text(&o->out, NODE_PROTO_OP_TYPE, op->type);
    for (size_t i = 0; i < ONNX_ATTRIBUTES && op->attribute[i].name != NULL; i++)
        put_attribute(&o->out, &op->attribute[i]);
    protobuf_end(&o->out, begin);
    return out;
}

const char *onnx_unary(struct onnx *o, const char *type, const char *a) {
    return onnx_add(o, &(struct onnx_operator){.type = type, .in = {a}});
}

const char *onnx_binary(struct onnx *o, const char *type, const char *a, const char *b) {
    return onnx_add(o, &(struct onnx_operator){.type = type, .in = {a, b}});
}

/* Begins a constant, which ends with its numbers. */
static size_t begin_tensor(struct onnx *o, const char *name, unsigned type, const size_t *dim, size_t rank) {
    const size_t begin = protobuf_begin(&o->out, GRAPH_INITIALIZER);
    for (size_t i = 0; i < rank; i++)
        protobuf_number(&o->out, TENSOR_PROTO_DIMS, dim[i]);
    protobuf_number(&o->out, TENSOR_PROTO_DATA_TYPE, type);
    protobuf_text(&o->out, TENSOR_PROTO_NAME, name);
    return begin;
}

const char *onnx_tensor(struct onnx *o, const char *name, const float *numbers, const size_t *dim, size_t rank) {
    size_t count = 1;
    if (name == NULL)
        name = onnx_name(o, "constant");
    for (size_t i = 0; i < rank; i++)
        count *= dim[i];
    const size_t begin = begin_tensor(o, name, TENSOR_PROTO_FLOAT, dim, rank);
    protobuf_bytes(&o->out, TENSOR_PROTO_RAW_DATA, numbers, count * sizeof *numbers);
    protobuf_end(&o->out, begin);
    return name;
}

const char *onnx_whole(struct onnx *o, const int64_t *numbers, size_t count) {
    const char *name = onnx_name(o, "constant");
    const size_t begin = begin_tensor(o, name, TENSOR_PROTO_INT64, &count, 1);
    protobuf_bytes(&o->out, TENSOR_PROTO_RAW_DATA, numbers, count * sizeof *numbers);
    protobuf_end(&o->out, begin);
    return name;
}

const char *onnx_scalar(struct onnx *o, double number) {
    return onnx_tensor(o, NULL, &(float){(float)number}, NULL, 0);
}

const char *onnx_weight(struct onnx *o, const float *weight, const size_t *dim, size_t rank) {
    const struct parameters *p = &o->e->model.net.parameters;
    size_t count = 1;
    for (size_t i = 0; i < rank; i++)
        count *= dim[i];
    for (size_t i = 0; i < p->count; i++)
        if (p->value + p->tensor[i].offset == weight && p->tensor[i].size == count)
            return onnx_tensor(o, p->tensor[i].name, weight, dim, rank);
    return onnx_tensor(o, onnx_name(o, "weights"), weight, dim, rank);
}

const char *onnx_reshape(struct onnx *o, const char *a, const size_t *dim, size_t rank, const char *out) {
    int64_t shape[SHAPE_MAX_RANK + 1] = {0}; /* 0 leaves the number of items as it is */
    for (size_t i = 0; i < rank; i++)
        shape[i + 1] = (int64_t)dim[i];
    return onnx_add(
        o, &(struct onnx_operator){.type = "Reshape", .in = {a, onnx_whole(o, shape, rank + 1)}, .out = out});
}

const char *onnx_transpose(struct onnx *o, const char *a, const int64_t *axes, size_t count) {
    struct onnx_operator op = {.type = "Transpose", .in = {a}, .attribute = {{.name = "perm", .count = count}}};
    memcpy(op.attribute[0].i, axes, count * sizeof *axes);
    return onnx_add(o, &op);
}

const char *onnx_concatenate(struct onnx *o, int64_t axis, const char *a, const char *b) {
    return onnx_add(
        o, &(struct onnx_operator){.type = "Concat", .in = {a, b}, .attribute = {{.name = "axis", .i = {axis}}}});
}

const char *onnx_cast(struct onnx *o, const char *a, int64_t type) {
    return onnx_add(o,
                    &(struct onnx_operator){.type = "Cast", .in = {a}, .attribute = {{.name = "to", .i = {type}}}});
}

const char *onnx_linear(struct onnx *o, const char *a, const char *weight, const char *bias) {
    return onnx_add(o, &(struct onnx_operator){
                           .type = "Gemm", .in = {a, weight, bias}, .attribute = {{.name = "transB", .i = {1}}}});
}

const char *onnx_slice(struct onnx *o, const char *a, struct onnx_part part, const char *out) {
    const int64_t first = (int64_t)part.first, end = (int64_t)part.end, axis = (int64_t)part.axis,
                  step = part.step == 0 ? 1 : (int64_t)part.step;
    struct onnx_operator op = {
        .type = "Slice", .in = {a, onnx_whole(o, &first, 1), onnx_whole(o, &end, 1)}, .out = out};
    op.in[3] = onnx_whole(o, &axis, 1);
    if (step != 1)
        op.in[4] = onnx_whole(o, &step, 1);
    return onnx_add(o, &op);
}
