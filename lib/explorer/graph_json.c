/* SPDX-License-Identifier: MIT */
#include "explorer/graph_json.h"

#include "base/error.h"

/* Without the kinds that only encoders have. */
static const char *const kind_name[NODE_KINDS] = {
    [NODE_INPUT] = "input",
    [NODE_CONSTANT] = "constant",
    [NODE_LINEAR] = "linear",
    [NODE_CONV] = "conv",
    [NODE_UP] = "up",
    [NODE_NORM] = "norm",
    [NODE_FUNCTION] = "function",
    [NODE_GATE] = "gate",
    [NODE_ADD] = "add",
    [NODE_CONCATENATE] = "concatenate",
    [NODE_CLAMP] = "clamp",
    [NODE_PICK] = "pick",
    [NODE_MOST] = "most",
};

static const char *const function_name[FUNCTIONS] = {
    [FUNCTION_NONE] = "identity",
    [FUNCTION_RELU] = "relu",
    [FUNCTION_TANH] = "tanh",
    [FUNCTION_ELU] = "elu",
    [FUNCTION_SOFTPLUS] = "softplus",
    [FUNCTION_GELU] = "gelu",
    [FUNCTION_SILU] = "silu",
    [FUNCTION_SIGMOID] = "sigmoid",
    [FUNCTION_EXP] = "exp",
    [FUNCTION_LOG1P] = "log1p",
    [FUNCTION_INVERSE_SCALE] = "inverseScale",
    [FUNCTION_CONTINUOUS_MEAN] = "continuousMean",
    [FUNCTION_LOGISTIC_MEAN] = "logisticMean",
};

int graph_json_check(const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++)
        if (kind_name[g->node[i].kind] == NULL)
            return fail("%s: %s is a layer of the kind gru, wanted a decoder without one", g->name,
                        g->node[i].name);
    return 0;
}

static size_t weight_count(const struct graph *g, const struct node *n) {
    const struct weight_shape shape = graph_weight_shape(g, n);
    return shape.outputs * shape.inputs * shape.taps;
}

static size_t bias_count(const struct graph *g, const struct node *n) {
    return n->bias == NULL ? 0 : graph_weight_shape(g, n).outputs;
}

size_t graph_json_count(const struct graph *g) {
    size_t count = 0;
    for (size_t i = 0; i < g->nodes; i++)
        count += weight_count(g, &g->node[i]) + bias_count(g, &g->node[i]);
    return count;
}

void graph_json_weights(const struct graph *g, struct base64 *out) {
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = &g->node[i];
        base64_put(out, n->weight, weight_count(g, n) * sizeof *n->weight);
        base64_put(out, n->bias, bias_count(g, n) * sizeof *n->bias);
    }
}

/* Adds a number to a node's object, if it is not the one that the script takes for granted. */
static int set_number(json_t *object, const char *key, size_t value) {
    return value == 0 ? 0 : json_object_set_new(object, key, json_integer((json_int_t)value));
}

static int set_numbers(json_t *object, const struct node *n) {
    int failed = set_number(object, "kernel", n->kernel) | set_number(object, "stride", n->stride);
    failed |= set_number(object, "before", n->before) | set_number(object, "factor", n->factor);
    failed |= set_number(object, "groups", n->groups) | set_number(object, "levels", n->levels);
    failed |= set_number(object, "first", n->first) | set_number(object, "step", n->step);
    if (n->kind == NODE_NORM)
        failed |= json_object_set_new(object, "epsilon", json_real(n->epsilon));
    if (n->kind == NODE_CLAMP)
        failed |= json_object_set_new(object, "bound", json_real(n->bound));
    if (n->kind == NODE_FUNCTION)
        failed |= json_object_set_new(object, "function", json_string(function_name[n->function]));
    return failed;
}

/* *offset: the numbers of all weights before, to which those of the node are added. NULL if memory runs out. */
static json_t *node_json(const struct graph *g, const struct node *n, size_t *offset) {
    json_t *object = json_pack("{s:s, s:s, s:[i,i,i], s:[]}", "kind", kind_name[n->kind], "name", n->name, "image",
                               (int)n->image.height, (int)n->image.width, (int)n->image.channels, "in");
    int failed = object == NULL ? -1 : set_numbers(object, n);
    for (size_t i = 0; failed == 0 && i < n->inputs; i++)
        failed = json_array_append_new(json_object_get(object, "in"), json_integer((json_int_t)n->in[i]));
    if (failed == 0 && weight_count(g, n) > 0)
        failed = json_object_set_new(object, "weight", json_integer((json_int_t)*offset));
    *offset += weight_count(g, n);
    if (failed == 0 && bias_count(g, n) > 0)
        failed = json_object_set_new(object, "bias", json_integer((json_int_t)*offset));
    *offset += bias_count(g, n);
    if (failed == 0)
        return object;
    json_decref(object);
    return NULL;
}

static int fail_memory(const struct graph *g) {
    return fail("%s: out of memory for a graph of %zu nodes", g->name, g->nodes);
}

json_t *graph_json(const struct graph *g) {
    json_t *list = json_array();
    size_t offset = 0;
    for (size_t i = 0; list != NULL && i < g->nodes; i++) {
        json_t *object = node_json(g, &g->node[i], &offset);
        if (object != NULL && json_array_append_new(list, object) == 0)
            continue;
        json_decref(list);
        (void)fail_memory(g);
        return NULL;
    }
    if (list == NULL)
        (void)fail_memory(g);
    return list;
}
