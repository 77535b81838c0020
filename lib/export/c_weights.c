/* SPDX-License-Identifier: MIT */
#include "export/c_weights.h"

enum { PER_LINE = 6 };

static size_t size_of(const struct weight_shape *a) {
    return a->outputs * a->inputs * a->taps;
}

void c_weights_name(FILE *out, const struct node *node, const char *what) {
    for (const char *c = node->name; *c != '\0'; c++) {
        const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        fputc(letter ? *c : '_', out);
    }
    fprintf(out, "_%s", what);
}

/* Writes an array that is stored as [outputs, inputs, taps] as [taps][inputs][outputs]. */
static void write_array(FILE *out, const struct node *node, const char *what, const float *stored,
                        const struct weight_shape *a) {
    const size_t size = size_of(a);
    fprintf(out, "static const float ");
    c_weights_name(out, node, what);
    fprintf(out, "[%zu] = {", size);
    for (size_t i = 0; i < size; i++) {
        const size_t output = i % a->outputs, input = i / a->outputs % a->inputs, tap = i / a->outputs / a->inputs;
        const float value = stored[(output * a->inputs + input) * a->taps + tap];
        fprintf(out, "%s%af%s", i % PER_LINE == 0 ? "\n    " : " ", (double)value, i + 1 < size ? "," : "");
    }
    fprintf(out, "\n};\n");
}

void c_weights_write(FILE *out, const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *node = &g->node[i];
        if (node->weight == NULL)
            continue;
        const struct weight_shape weight = graph_weight_shape(g, node), bias = {weight.outputs, 1, 1};
        fprintf(out, "\n");
        write_array(out, node, node->kind == NODE_CONSTANT ? "values" : "weight", node->weight, &weight);
        if (node->bias != NULL)
            write_array(out, node, "bias", node->bias, &bias);
        if (node->state_weight != NULL) {
            const struct weight_shape state = {weight.outputs, node->image.channels, 1};
            write_array(out, node, "state_weight", node->state_weight, &state);
            write_array(out, node, "state_bias", node->state_bias, &bias);
        }
    }
}

size_t c_weights_count(const struct graph *g) {
    size_t count = 0;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *node = &g->node[i];
        const struct weight_shape weight = graph_weight_shape(g, node);
        count += size_of(&weight) + (node->bias == NULL ? 0 : weight.outputs);
        if (node->state_weight != NULL)
            count += weight.outputs * (node->image.channels + 1);
    }
    return count;
}
