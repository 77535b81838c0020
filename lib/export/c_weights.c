/* SPDX-License-Identifier: MIT */
#include "export/c_weights.h"

enum { PER_LINE = 6 };

/* A weight as it is stored, [outputs, inputs, taps], and as it is written, [taps][inputs][outputs]. taps: kernel x
 * kernel positions. */
struct array {
    const float *value;
    size_t outputs, inputs, taps;
};

static struct array weight_of(const struct graph *g, const struct node *node) {
    struct array a = {node->weight, node->image.channels, 1, 1};
    if (node->kind == NODE_LINEAR) {
        a.outputs = image_size(&node->image);
        a.inputs = graph_width(g, node->in[0]);
    } else if (node->kind == NODE_CONV) {
        a.inputs = g->node[node->in[0]].image.channels;
        a.taps = node->kernel * node->kernel;
    } else if (node->kind == NODE_CONSTANT) {
        a.outputs = image_size(&node->image);
    }
    return a;
}

static struct array bias_of(const struct graph *g, const struct node *node) {
    return (struct array){node->bias, node->bias == NULL ? 0 : weight_of(g, node).outputs, 1, 1};
}

static size_t size_of(const struct array *a) {
    return a->outputs * a->inputs * a->taps;
}

void c_weights_name(FILE *out, const struct node *node, const char *what) {
    for (const char *c = node->name; *c != '\0'; c++) {
        const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        fputc(letter ? *c : '_', out);
    }
    fprintf(out, "_%s", what);
}

static void write_array(FILE *out, const struct node *node, const char *what, const struct array *a) {
    const size_t size = size_of(a);
    fprintf(out, "static const float ");
    c_weights_name(out, node, what);
    fprintf(out, "[%zu] = {", size);
    for (size_t i = 0; i < size; i++) {
        const size_t output = i % a->outputs, input = i / a->outputs % a->inputs, tap = i / a->outputs / a->inputs;
        const float value = a->value[(output * a->inputs + input) * a->taps + tap];
        fprintf(out, "%s%af%s", i % PER_LINE == 0 ? "\n    " : " ", (double)value, i + 1 < size ? "," : "");
    }
    fprintf(out, "\n};\n");
}

void c_weights_write(FILE *out, const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *node = &g->node[i];
        if (node->weight == NULL)
            continue;
        const struct array weight = weight_of(g, node), bias = bias_of(g, node);
        fprintf(out, "\n");
        write_array(out, node, node->kind == NODE_CONSTANT ? "values" : "weight", &weight);
        if (node->bias != NULL)
            write_array(out, node, "bias", &bias);
    }
}

size_t c_weights_count(const struct graph *g) {
    size_t count = 0;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct array weight = weight_of(g, &g->node[i]), bias = bias_of(g, &g->node[i]);
        if (g->node[i].weight != NULL)
            count += size_of(&weight) + size_of(&bias);
    }
    return count;
}
