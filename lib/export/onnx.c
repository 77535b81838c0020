/* SPDX-License-Identifier: MIT */
#include "export/onnx.h"

#include "base/error.h"
#include "export/onnx_writer.h"

#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13 }; /* those of ONNX 1.8 */

/* An input or an output of the graph: its first axis is the items. */
struct onnx_port {
    const char *name, *doc;
    unsigned type;
    struct shape item; /* rank 0: a number per item */
};

static void put_dimension(struct protobuf *p, const char *name, size_t size) {
    const size_t begin = protobuf_begin(p, SHAPE_DIM);
    if (name != NULL)
        protobuf_text(p, DIM_PARAM, name);
    else
        protobuf_number(p, DIM_VALUE, size);
    protobuf_end(p, begin);
}

static void put_port(struct protobuf *p, unsigned field, const struct onnx_port *port) {
    const size_t begin = protobuf_begin(p, field);
    protobuf_text(p, VALUE_NAME, port->name);
    const size_t type = protobuf_begin(p, VALUE_TYPE), tensor = protobuf_begin(p, TYPE_TENSOR);
    protobuf_number(p, TENSOR_ELEM_TYPE, port->type);
    const size_t shape = protobuf_begin(p, TENSOR_SHAPE);
    put_dimension(p, "items", 0);
    for (size_t i = 0; i < port->item.rank; i++)
        put_dimension(p, NULL, port->item.dim[i]);
    protobuf_end(p, shape);
    protobuf_end(p, tensor);
    protobuf_end(p, type);
    protobuf_text(p, VALUE_DOC_STRING, port->doc);
    protobuf_end(p, begin);
}

/* What an element of x is. */
static const char *doc_of_x(const struct model_config *c) {
    if (c->tokens != NULL)
        return "items: the numbers of tokens, and 0 after the last one";
    if (c->likelihood->raw_u8)
        return "items: the numbers of the stream as they are";
    return c->binarize == BINARIZE_SAMPLE
               ? "items: 1 with the probability that the element is, else 0; u8 elements are "
                 "divided by 255 before"
               : "items: the numbers of the stream; u8 elements are divided by 255";
}

static void put_inputs(struct onnx *o) {
    const struct model_config *c = &o->e->model.config;
    const struct onnx_port x = {"x", doc_of_x(c), TENSOR_PROTO_FLOAT, c->item},
                           z = {"z",
                                c->prior == &prior_normal ? "latents, of which the prior is N(0, I)" : "latents",
                                TENSOR_PROTO_FLOAT, shape_vector(c->latent)},
                           label = {"label", "the class of each item, from 0 on", TENSOR_PROTO_INT64, {0}};
    put_port(&o->out, GRAPH_INPUT, o->e->decoder ? &z : &x);
    if (c->classes > 0)
        put_port(&o->out, GRAPH_INPUT, &label);
}

/* Ends the graph with operators whose results have the names of the outputs. */
static void put_outputs(struct onnx *o) {
    const struct model_config *c = &o->e->model.config;
    const size_t latent = c->latent;
    const struct onnx_port mu = {"mu", "mean of q(z|x)", TENSOR_PROTO_FLOAT, shape_vector(latent)},
                           logvar = {"logvar", "log of the variance of q(z|x), natural", TENSOR_PROTO_FLOAT,
                                     shape_vector(latent)},
                           mean = {"mean",
                                   c->tokens != NULL
                                       ? "the numbers of the most probable tokens, and 0 after the last one"
                                   : c->likelihood->has_levels ? "the most probable level of each element"
                                                               : "mean of p(x|z), in the units of x",
                                   TENSOR_PROTO_FLOAT, c->item};
    const char *last = onnx_rows(o, o->graph->nodes - 1);
    if (o->e->decoder) {
        (void)onnx_reshape(o, last, c->item.dim, c->item.rank, mean.name);
        put_port(&o->out, GRAPH_OUTPUT, &mean);
        return;
    }
    (void)onnx_slice(o, last, (struct onnx_part){.axis = 1, .end = latent}, mu.name);
    (void)onnx_slice(o, last, (struct onnx_part){.axis = 1, .first = latent, .end = 2 * latent}, logvar.name);
    put_port(&o->out, GRAPH_OUTPUT, &mu);
    put_port(&o->out, GRAPH_OUTPUT, &logvar);
}

static void put_graph(struct onnx *o) {
    const size_t begin = protobuf_begin(&o->out, MODEL_GRAPH);
    protobuf_text(&o->out, GRAPH_NAME, o->e->decoder ? "decoder" : "encoder");
    put_inputs(o);
    for (size_t i = 0; i < o->graph->nodes; i++)
        onnx_node(o, i);
    onnx_end_positions(o);
    put_outputs(o);
    protobuf_end(&o->out, begin);
}

static void put_entry(struct protobuf *p, const char *key, const char *value) {
    const size_t begin = protobuf_begin(p, MODEL_METADATA_PROPS);
    protobuf_text(p, ENTRY_KEY, key);
    protobuf_text(p, ENTRY_VALUE, value);
    protobuf_end(p, begin);
}

/* The metadata of the model's file, except the digest of its weights, which are in other places here. */
static void put_metadata(struct onnx *o) {
    const char *key;
    json_t *value;
    json_object_foreach(o->e->metadata, key, value) {
        if (strcmp(key, "xxh64") != 0)
            put_entry(&o->out, key, json_string_value(value));
    }
}

static const char *doc_of_part(const struct export *e) {
    return e->decoder
               ? "The decoder of a variational auto-encoder: latents to the mean of p(x|z)."
               : "The encoder of a variational auto-encoder: items to the mean and the log variance of q(z|x).";
}

static void put_model(struct onnx *o) {
    protobuf_number(&o->out, MODEL_IR_VERSION, IR_VERSION);
    protobuf_text(&o->out, MODEL_PRODUCER_NAME, "vaeutils");
    protobuf_text(&o->out, MODEL_PRODUCER_VERSION, VAEUTILS_VERSION);
    protobuf_text(&o->out, MODEL_DOC_STRING, doc_of_part(o->e));
    put_graph(o);
    const size_t opset = protobuf_begin(&o->out, MODEL_OPSET_IMPORT);
    protobuf_number(&o->out, OPSET_VERSION, OPSET);
    protobuf_end(&o->out, opset);
    put_metadata(o);
}

static int finish(const struct onnx *o, const struct output *out) {
    if (o->failed)
        return fail("%s: out of memory for the names of ONNX", o->graph->name);
    return protobuf_finish(&o->out) < 0 ? -1 : output_write(out, o->out.bytes, o->out.size);
}

static void onnx_free(struct onnx *o) {
    for (size_t i = 0; i < o->names; i++)
        free(o->name[i]);
    free(o->name);
    free(o->value);
    protobuf_free(&o->out);
}

int onnx_write(const struct export *e, const struct output *out) {
    struct onnx o = {.e = e, .graph = &e->graph, .out = {.name = e->graph.name}};
    o.value = calloc(e->graph.nodes, sizeof *o.value);
    if (o.value == NULL)
        return fail("%s: out of memory for a graph of %zu nodes", e->graph.name, e->graph.nodes);
    put_model(&o);
    const int result = finish(&o, out);
    onnx_free(&o);
    return result;
}
