/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_ONNX_WRITER_H
#define EXPORT_ONNX_WRITER_H

#include "export/export.h"
#include "export/onnx_loop.h"
#include "export/protobuf.h"

/* The graph of an ONNX file, which is written operator by operator. A value is known by its name, a text that
 * belongs to the writer. */

/* Fields of the messages of onnx/onnx.proto3 that are written, and numbers of its enumerations. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER_NAME = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_DOC_STRING = 6,
    MODEL_GRAPH = 7,
    MODEL_OPSET_IMPORT = 8,
    MODEL_METADATA_PROPS = 14,
    OPSET_VERSION = 2,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2,
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_PROTO_INPUT = 1,
    NODE_PROTO_OUTPUT = 2,
    NODE_PROTO_NAME = 3,
    NODE_PROTO_OP_TYPE = 4,
    NODE_PROTO_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_S = 4,
    ATTRIBUTE_G = 6,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
    ATTRIBUTE_TYPE_INT = 2,
    ATTRIBUTE_TYPE_STRING = 3,
    ATTRIBUTE_TYPE_GRAPH = 5,
    ATTRIBUTE_TYPE_INTS = 7,
    TENSOR_PROTO_DIMS = 1,
    TENSOR_PROTO_DATA_TYPE = 2,
    TENSOR_PROTO_NAME = 8,
    TENSOR_PROTO_RAW_DATA = 9,
    TENSOR_PROTO_FLOAT = 1,
    TENSOR_PROTO_INT64 = 7,
    TENSOR_PROTO_BOOL = 9,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    VALUE_DOC_STRING = 3,
    TYPE_TENSOR = 1,
    TENSOR_ELEM_TYPE = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_PARAM = 2
};

/* The names of a node's value in its two forms, which are made when they are asked for. NULL: not made yet. */
struct onnx_value {
    const char *rows;    /* [items, width], channels last */
    const char *picture; /* [items, channels, height, width] */
    bool is_picture;     /* the form that was first */
};

struct onnx {
    const struct export *e;
    const struct graph *graph;
    struct protobuf out;
    const char *layer;        /* begins the names of values */
    struct onnx_value *value; /* [nodes of the graph] */
    char **name;              /* of values; owned */
    size_t names;
    struct onnx_loop loop; /* over positions */
    bool failed;           /* out of memory for a name */
};

enum { ONNX_INPUTS = 5, ONNX_ATTRIBUTES = 4, ONNX_INTS = 4 };

struct onnx_attribute {
    const char *name;     /* NULL: there are no more */
    const char *text;     /* a string; or NULL, and then the numbers: */
    int64_t i[ONNX_INTS]; /* whole numbers */
    size_t count;         /* of them in a list; 0: i[0] alone, which is no list */
};

struct onnx_operator {
    const char *type;
    const char *in[ONNX_INPUTS]; /* NULL: there are no more; "": left out */
    struct onnx_attribute attribute[ONNX_ATTRIBUTES];
    const char *out; /* the name of the result; NULL: a new one */
};

/* Returns a new name for a value: the layer, what made the value, and a number that no other has. */
const char *onnx_name(struct onnx *o, const char *type);

/* Appends an operator, and returns the name of its result. */
const char *onnx_add(struct onnx *o, const struct onnx_operator *op);

/* Append an operator without attributes. */
const char *onnx_unary(struct onnx *o, const char *type, const char *a);
const char *onnx_binary(struct onnx *o, const char *type, const char *a, const char *b);

/* Append constants: whole numbers [count]; a number without dimensions; numbers of any shape. `name`: NULL stands
 * for a new one. */
const char *onnx_whole(struct onnx *o, const int64_t *numbers, size_t count);
const char *onnx_scalar(struct onnx *o, double number);
const char *onnx_tensor(struct onnx *o, const char *name, const float *numbers, const size_t *dim, size_t rank);

/* Appends a constant from the net's weights. It has the name of the tensor that it is, or a new one if it is none:
 * mu and logvar are two tensors, and one layer. */
const char *onnx_weight(struct onnx *o, const float *weight, const size_t *dim, size_t rank);

/* The numbers [first, end) of an axis, in steps of `step`; 0 stands for 1. */
struct onnx_part {
    size_t axis, first, end, step;
};

/* Append Reshape to [items, dim[0], ..., dim[rank - 1]]; Transpose; Slice; Concat of two; Cast to a type; W a + b.
 * The result is `out` if it is not NULL. */
const char *onnx_reshape(struct onnx *o, const char *a, const size_t *dim, size_t rank, const char *out);
const char *onnx_transpose(struct onnx *o, const char *a, const int64_t *axes, size_t count);
const char *onnx_slice(struct onnx *o, const char *a, struct onnx_part part, const char *out);
const char *onnx_concatenate(struct onnx *o, int64_t axis, const char *a, const char *b);
const char *onnx_cast(struct onnx *o, const char *a, int64_t type);
const char *onnx_linear(struct onnx *o, const char *a, const char *weight, const char *bias);

/* A value of a node in one of its forms. */
const char *onnx_rows(struct onnx *o, size_t node);
const char *onnx_picture(struct onnx *o, size_t node);

/* Appends function(a), or function(a, scale), number by number. Of FUNCTION_LOGISTIC_MEAN both are rows. */
const char *onnx_function(struct onnx *o, enum function function, const char *a, const char *scale);

/* Append a recurrent layer: of a sequence; of one position, which begins the loop over positions, to which the
 * nodes after it belong. Return the name of the states, as rows. */
const char *onnx_gru(struct onnx *o, const struct node *n);
const char *onnx_gru_cell(struct onnx *o, const struct node *n);

/* After the last node: ends the loop over positions, if there is one. The value of that node then is the tokens of
 * all positions, 0 from the first 0 on. */
void onnx_end_positions(struct onnx *o);

/* Appends the operators of a node, whose inputs have theirs. Sets the node's value. */
void onnx_node(struct onnx *o, size_t node);

#endif
