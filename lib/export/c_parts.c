/* SPDX-License-Identifier: MIT */
#include "export/c_parts.h"

#include "export/c_part_text.h"

static const struct {
    const char *name;
    enum c_part part;
} functions[FUNCTIONS] = {
    [FUNCTION_NONE] = {"", PARTS},
    [FUNCTION_RELU] = {"relu", PART_RELU},
    [FUNCTION_TANH] = {"tanh_of", PART_TANH},
    [FUNCTION_ELU] = {"elu", PART_ELU},
    [FUNCTION_SOFTPLUS] = {"softplus", PART_SOFTPLUS},
    [FUNCTION_GELU] = {"gelu", PART_GELU},
    [FUNCTION_SILU] = {"silu", PART_SILU},
    [FUNCTION_SIGMOID] = {"sigmoid", PART_SIGMOID},
    [FUNCTION_EXP] = {"exp_of", PART_EXP},
    [FUNCTION_LOG1P] = {"log1p_of", PART_LOG1P},
    [FUNCTION_INVERSE_SCALE] = {"inverse_scale", PART_INVERSE_SCALE},
    [FUNCTION_CONTINUOUS_MEAN] = {"continuous_mean", PART_CONTINUOUS_MEAN},
    [FUNCTION_LOGISTIC_MEAN] = {"logistic_mean", PART_LOGISTIC_MEAN},
};

/* PARTS: the kind needs none. */
static const enum c_part part_of_kind[NODE_KINDS] = {
    [NODE_INPUT] = PARTS,
    [NODE_CONSTANT] = PARTS,
    [NODE_LINEAR] = PART_LINEAR,
    [NODE_CONV] = PART_CONV,
    [NODE_UP] = PART_UP,
    [NODE_NORM] = PART_NORM,
    [NODE_FUNCTION] = PARTS,
    [NODE_GATE] = PART_SIGMOID,
    [NODE_ADD] = PARTS,
    [NODE_CONCATENATE] = PART_CONCATENATE,
    [NODE_ONE_HOT] = PARTS,
    [NODE_OBSERVED] = PART_MISSING,
    [NODE_MASK] = PART_MISSING,
    [NODE_CLAMP] = PART_CLAMP,
    [NODE_PICK] = PARTS,
    [NODE_MOST] = PART_MOST,
    [NODE_GRU] = PART_GRU_SEQUENCE,
    [NODE_GRU_CELL] = PART_GRU,
};

const char *c_function_name(enum function function) {
    return functions[function].name;
}

/* Marks a part and those that it calls, which come before it. */
static void need(bool needed[PARTS + 1], size_t part) {
    needed[part] = true;
    for (size_t other = part; part < PARTS && other-- > 0;)
        if (c_part_text[part].calls & 1U << other)
            need(needed, other);
}

static enum c_part part_of(const struct graph *g, const struct node *node) {
    if (graph_is_linear(g, node))
        return PART_LINEAR;
    return node->kind == NODE_FUNCTION ? functions[node->function].part : part_of_kind[node->kind];
}

void c_parts_write(FILE *out, const struct graph *g) {
    bool needed[PARTS + 1] = {false}, bits = false;
    for (size_t i = 0; i < g->nodes; i++)
        need(needed, part_of(g, &g->node[i]));
    for (size_t part = 0; part < PARTS; part++)
        bits = bits || (needed[part] && c_part_text[part].reads_bits);
    if (bits)
        fputs(c_bits_text, out);
    for (size_t part = 0; part < PARTS; part++)
        if (needed[part])
            fprintf(out, "\n%s", c_part_text[part].text);
}
