/* SPDX-License-Identifier: MIT */
#include "export/onnx_writer.h"

/* An input or an output of the body: a scalar, or an array whose shape its readers find. */
static void put_value(struct onnx *o, unsigned field, const char *name, unsigned type, bool scalar) {
    const size_t begin = protobuf_begin(&o->out, field);
    protobuf_text(&o->out, VALUE_NAME, name);
    const size_t types = protobuf_begin(&o->out, VALUE_TYPE), tensor = protobuf_begin(&o->out, TYPE_TENSOR);
    protobuf_number(&o->out, TENSOR_ELEM_TYPE, type);
    if (scalar)
        protobuf_bytes(&o->out, TENSOR_SHAPE, "", 0);
    protobuf_end(&o->out, tensor);
    protobuf_end(&o->out, types);
    protobuf_end(&o->out, begin);
}

static void put_carried(struct onnx *o, unsigned field, const struct onnx_carried *carried) {
    put_value(o, field, carried->state, TENSOR_PROTO_FLOAT, false);
    put_value(o, field, carried->token, TENSOR_PROTO_FLOAT, false);
}

static void begin_body(struct onnx *o) {
    struct onnx_loop *l = &o->loop;
    l->attribute = protobuf_begin(&o->out, NODE_PROTO_ATTRIBUTE);
    protobuf_text(&o->out, ATTRIBUTE_NAME, "body");
    protobuf_number(&o->out, ATTRIBUTE_TYPE, ATTRIBUTE_TYPE_GRAPH);
    l->body = protobuf_begin(&o->out, ATTRIBUTE_G);
    protobuf_text(&o->out, GRAPH_NAME, "position");
    put_value(o, GRAPH_INPUT, l->number, TENSOR_PROTO_INT64, true);
    put_value(o, GRAPH_INPUT, l->condition, TENSOR_PROTO_BOOL, true);
    put_carried(o, GRAPH_INPUT, &l->before);
}

void onnx_loop_begin(struct onnx *o, size_t positions, const struct onnx_carried *first) {
    struct onnx_loop *l = &o->loop;
    const int64_t count = (int64_t)positions;
    const char *times = onnx_unary(o, "Squeeze", onnx_whole(o, &count, 1)), *const in[] = {times, "", first->state,
                                                                                           first->token};
    *l = (struct onnx_loop){.positions = positions,
                            .number = onnx_name(o, "number"),
                            .condition = onnx_name(o, "condition"),
                            .tokens = onnx_name(o, "tokens"),
                            .before = {onnx_name(o, "state"), onnx_name(o, "token")}};
    const char *const out[] = {onnx_name(o, "state"), onnx_name(o, "token"), l->tokens};
    l->node = protobuf_begin(&o->out, GRAPH_NODE);
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        protobuf_text(&o->out, NODE_PROTO_INPUT, in[i]);
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        protobuf_text(&o->out, NODE_PROTO_OUTPUT, out[i]);
    protobuf_text(&o->out, NODE_PROTO_NAME, l->tokens);
    protobuf_text(&o->out, NODE_PROTO_OP_TYPE, "Loop");
    begin_body(o);
}

const char *onnx_loop_end(struct onnx *o, const char *each) {
    struct onnx_loop *l = &o->loop;
    put_value(o, GRAPH_OUTPUT, onnx_unary(o, "Identity", l->condition), TENSOR_PROTO_BOOL, true);
    put_carried(o, GRAPH_OUTPUT, &l->after);
    put_value(o, GRAPH_OUTPUT, each, TENSOR_PROTO_FLOAT, false);
    protobuf_end(&o->out, l->body);
    protobuf_end(&o->out, l->attribute);
    protobuf_end(&o->out, l->node);
    return l->tokens;
}
