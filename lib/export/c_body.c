/* SPDX-License-Identifier: MIT */
#include "export/c_body.h"

#include "export/c_parts.h"
#include "export/c_weights.h"

#include <string.h>

/* Writes the array with the value of a node from number `first` on, and returns the offset in it. */
static size_t put_array(const struct c_body *b, size_t node, size_t first) {
    const struct c_value *v = &b->memory->of_node[node];
    const char *array = "work";
    if (v->place == C_CONSTANT) {
        c_weights_name(b->out, &b->graph->node[node], "values");
        return first;
    }
    if (v->place == C_GIVEN)
        array = b->graph->node[node].name;
    if (v->place == C_RESULT)
        array = b->result[b->divided > 0 && first >= b->divided];
    fputs(array, b->out);
    return v->place == C_WORK ? v->offset + first : b->divided > 0 && first >= b->divided ? 0 : first;
}

/* Writes a pointer to the value of a node. */
static void put_value(const struct c_body *b, size_t node) {
    const size_t offset = put_array(b, node, 0);
    if (offset > 0)
        fprintf(b->out, " + %zu", offset);
}

/* Writes the number of a node with this index, such as "2 * i", after the number `first`. */
static void put_number(const struct c_body *b, size_t node, size_t first, const char *index) {
    const size_t offset = put_array(b, node, first);
    if (offset > 0)
        fprintf(b->out, "[%zu + %s]", offset, index);
    else
        fprintf(b->out, "[%s]", index);
}

/* Begins a loop over the numbers [first, first + n) of node i, and the assignment to each. */
static void begin_loop(const struct c_body *b, size_t i, size_t first, size_t n) {
    fprintf(b->out, "    for (size_t i = 0; i < %zu; i++)\n        ", n);
    put_number(b, i, first, "i");
    fprintf(b->out, " = ");
}

/* Writes the names of two arrays of a node, as arguments. */
static void put_arrays(const struct c_body *b, const struct node *node, const char *weight, const char *bias) {
    c_weights_name(b->out, node, weight);
    fprintf(b->out, ", ");
    c_weights_name(b->out, node, bias);
    fprintf(b->out, ", ");
}

static void put_constants(const struct c_body *b, const struct node *node) {
    put_arrays(b, node, "weight", "bias");
}

static void write_linear(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    fprintf(b->out, "    linear(");
    put_constants(b, node);
    put_value(b, node->in[0]);
    fprintf(b->out, ", %zu, ", graph_width(b->graph, node->in[0]));
    put_value(b, i);
    fprintf(b->out, ", %zu);\n", graph_width(b->graph, i));
}

static void write_conv(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    const struct image *in = &b->graph->node[node->in[0]].image;
    fprintf(b->out,
            "    conv(&(const struct conv){.height = %zu, .width = %zu, .channels = %zu,\n"
            "                              .kernel = %zu, .stride = %zu, .before = %zu,\n"
            "                              .rows = %zu, .columns = %zu, .outputs = %zu},\n"
            "         ",
            in->height, in->width, in->channels, node->kernel, node->stride, node->before, node->image.height,
            node->image.width, node->image.channels);
    put_constants(b, node);
    put_value(b, node->in[0]);
    fprintf(b->out, ", ");
    put_value(b, i);
    fprintf(b->out, ");\n");
}

/* Writes a pointer to the scratch memory of a recurrent node, from so many times its units on. */
static void put_scratch(const struct c_body *b, size_t i, size_t times) {
    const struct node *node = &b->graph->node[i];
    fprintf(b->out, "work + %zu",
            b->memory->of_node[i].offset + graph_width(b->graph, i) + times * node->image.channels);
}

static void write_gru(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    const struct image *in = &b->graph->node[node->in[0]].image;
    const size_t units = node->image.channels;
    fprintf(b->out, "    gru_sequence(");
    put_constants(b, node);
    put_arrays(b, node, "state_weight", "state_bias");
    fprintf(b->out, "\n                 ");
    put_value(b, node->in[0]);
    fprintf(b->out, ", %zu, %zu, ", image_positions(in), in->channels);
    put_value(b, i);
    fprintf(b->out, ", %zu, %zu, ", image_positions(&node->image) == 1 ? 0 : units, units);
    put_scratch(b, i, 0);
    fprintf(b->out, ");\n");
}

/* The input's part of the gates is what is the same at each position, and the weights of the token. */
static void write_gru_cell(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    const size_t units = node->image.channels, gates = 3 * units,
                 same = b->memory->of_node[i].offset + graph_width(b->graph, i);
    fprintf(b->out, "    for (size_t i = 0; i < %zu; i++)\n        work[%zu + i] = work[%zu + i] + ", gates,
            same + gates, same);
    c_weights_name(b->out, node, "weight");
    fprintf(b->out, "[token * %zu + i];\n    gru(", gates);
    put_arrays(b, node, "state_weight", "state_bias");
    put_scratch(b, i, 3);
    fprintf(b->out, ", ");
    put_scratch(b, i, 6);
    fprintf(b->out, ", ");
    put_value(b, i);
    fprintf(b->out, ", %zu);\n", units);
}

static void write_up(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    fprintf(b->out, "    up(");
    put_value(b, node->in[0]);
    fprintf(b->out, ", %zu, %zu, %zu, ", b->graph->node[node->in[0]].image.width, node->image.channels,
            node->factor);
    put_value(b, i);
    fprintf(b->out, ", %zu, %zu);\n", node->image.height, node->image.width);
}

static void write_concatenate(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    const struct image *other = &b->graph->node[node->in[1]].image;
    fprintf(b->out, "    concatenate(");
    put_value(b, node->in[0]);
    fprintf(b->out, ", %zu, ", b->graph->node[node->in[0]].image.channels);
    put_value(b, node->in[1]);
    fprintf(b->out, ", %zu, %zu, ", other->channels, image_positions(other) == 1 ? 0 : other->channels);
    put_value(b, i);
    fprintf(b->out, ", %zu);\n", image_positions(&node->image));
}

/* Copies in[0] to the place of node i, unless it is there. */
static void write_copy(const struct c_body *b, size_t i, size_t n) {
    if (b->memory->of_node[i].over != NO_NODE || n == 0)
        return;
    begin_loop(b, i, 0, n);
    put_number(b, b->graph->node[i].in[0], 0, "i");
    fprintf(b->out, ";\n");
}

static void write_norm(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    write_copy(b, i, graph_width(b->graph, i));
    fprintf(b->out, "    norm(");
    put_constants(b, node);
    put_value(b, i);
    fprintf(b->out, ", %zu, %zu, %zu, %#.9gf);\n", image_positions(&node->image), node->image.channels,
            node->groups, node->epsilon);
}

static void write_clamp(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    write_copy(b, i, node->first);
    begin_loop(b, i, node->first, graph_width(b->graph, i) - node->first);
    fprintf(b->out, "clamp(");
    put_number(b, node->in[0], node->first, "i");
    fprintf(b->out, ", %#.9gf);\n", node->bound);
}

static void write_function(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    begin_loop(b, i, 0, graph_width(b->graph, i));
    fprintf(b->out, "%s(", c_function_name(node->function));
    put_number(b, node->in[0], 0, "i");
    if (node->inputs > 1) {
        fprintf(b->out, ", ");
        put_number(b, node->in[1], 0, "i");
    }
    fprintf(b->out, ");\n");
}

/* The kinds whose numbers are each an expression of some of in[0]. */
static void write_numbers(const struct c_body *b, size_t i) {
    const struct node *node = &b->graph->node[i];
    char index[64];
    begin_loop(b, i, 0, graph_width(b->graph, i));
    switch (node->kind) {
    case NODE_GATE:
        put_number(b, node->in[0], 0, "2 * i");
        fprintf(b->out, " * sigmoid(");
        put_number(b, node->in[0], 1, "2 * i");
        fprintf(b->out, ");\n");
        break;
    case NODE_ADD:
        put_number(b, node->in[0], 0, "i");
        fprintf(b->out, " + ");
        put_number(b, node->in[1], 0, "i");
        fprintf(b->out, ";\n");
        break;
    case NODE_ONE_HOT:
        snprintf(index, sizeof index, "i / %zu", node->levels);
        put_number(b, node->in[0], 0, index);
        fprintf(b->out, " == (float)(i %% %zu);\n", node->levels);
        break;
    case NODE_OBSERVED:
    case NODE_MASK:
        fprintf(b->out, "missing(");
        put_number(b, node->in[0], 0, "i");
        fprintf(b->out, ") ? 0.0f : ");
        if (node->kind == NODE_MASK)
            fprintf(b->out, "1.0f");
        else
            put_number(b, node->in[0], 0, "i");
        fprintf(b->out, ";\n");
        break;
    case NODE_PICK:
        snprintf(index, sizeof index, "%zu * i", node->step);
        put_number(b, node->in[0], node->first, index);
        fprintf(b->out, ";\n");
        break;
    default: /* NODE_MOST */
        fprintf(b->out, "(float)most(&");
        snprintf(index, sizeof index, "%zu * i", node->levels);
        put_number(b, node->in[0], 0, index);
        fprintf(b->out, ", %zu);\n", node->levels);
    }
}

static void write_label(const struct c_body *b, size_t i) {
    begin_loop(b, i, 0, graph_width(b->graph, i));
    fprintf(b->out, "(int)i == label;\n");
}

static void write_node(const struct c_body *b, size_t i) {
    static void (*const writers[NODE_KINDS])(const struct c_body *b, size_t i) = {
        [NODE_LINEAR] = write_linear,    [NODE_CONV] = write_conv,         [NODE_UP] = write_up,
        [NODE_NORM] = write_norm,        [NODE_CLAMP] = write_clamp,       [NODE_CONCATENATE] = write_concatenate,
        [NODE_INPUT] = write_label,      [NODE_FUNCTION] = write_function, [NODE_GRU] = write_gru,
        [NODE_GRU_CELL] = write_gru_cell};
    const struct node *node = &b->graph->node[i];
    const enum node_kind kind = graph_is_linear(b->graph, node) ? NODE_LINEAR : node->kind;
    if (writers[kind] != NULL)
        writers[kind](b, i);
    else
        write_numbers(b, i);
}

static void write_nodes(const struct c_body *b, size_t first, size_t end) {
    const char *layer = "";
    for (size_t i = first; i < end; i++) {
        const enum c_place place = b->memory->of_node[i].place;
        if (place == C_GIVEN || place == C_CONSTANT)
            continue;
        if (strcmp(layer, b->graph->node[i].name) != 0) {
            layer = b->graph->node[i].name;
            fprintf(b->out, "    /* %s */\n", layer);
        }
        write_node(b, i);
    }
}

/* Returns the cell, or the number of nodes: there is none. */
static size_t cell_of(const struct graph *g) {
    size_t i = 0;
    while (i < g->nodes && g->node[i].kind != NODE_GRU_CELL)
        i++;
    return i;
}

void c_body_write_position(const struct c_body *b) {
    const size_t cell = cell_of(b->graph);
    if (cell == b->graph->nodes)
        return;
    fprintf(b->out,
            "\n/* One position after another one, of which `token` was chosen: writes its token to x. */\n"
            "static void position(float *work, size_t token, float *%s) {\n",
            b->result[0]);
    write_nodes(b, cell, b->graph->nodes);
    fprintf(b->out, "}\n");
}

/* The tokens of all positions, one after the other. */
static void write_positions(const struct c_body *b, size_t cell) {
    const struct node *node = &b->graph->node[cell];
    const size_t gates = 3 * node->image.channels;
    const char *x = b->result[0];
    fprintf(b->out, "    /* %s: what is the same at each position, and the first state */\n    linear(",
            node->name);
    c_weights_name(b->out, node, "weight");
    fprintf(b->out, " + %zu, ", node->levels * gates);
    c_weights_name(b->out, node, "bias");
    fprintf(b->out, ", ");
    put_value(b, node->in[0]);
    fprintf(b->out, ", %zu, ", graph_width(b->graph, node->in[0]));
    put_scratch(b, cell, 0);
    fprintf(b->out, ", %zu);\n", gates);
    begin_loop(b, cell, 0, node->image.channels);
    fprintf(b->out,
            "0;\n"
            "    size_t token = 0, t = 0;\n"
            "    do {\n"
            "        position(work, token, &%s[t]);\n"
            "        token = (size_t)%s[t++];\n"
            "    } while (token != 0 && t < %zu);\n"
            "    while (t < %zu)\n"
            "        %s[t++] = 0;\n",
            x, x, node->positions, node->positions, x);
}

void c_body_write(const struct c_body *b) {
    const size_t cell = cell_of(b->graph);
    write_nodes(b, 0, cell);
    if (cell < b->graph->nodes)
        write_positions(b, cell);
}
