/* SPDX-License-Identifier: MIT */
#ifndef UNIT_GRAPH_REFERENCE_H
#define UNIT_GRAPH_REFERENCE_H

#include "nn/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Computes the nodes of a graph in double, one after the other, as nn/graph.h says. */

static double sigmoid_of(double x) {
    return 1 / (1 + exp(-x));
}

static double function_of(enum function function, double x, double s) {
    double sum = 0;
    switch (function) {
    case FUNCTION_RELU:
        return x > 0 ? x : 0;
    case FUNCTION_TANH:
        return tanh(x);
    case FUNCTION_ELU:
        return x > 0 ? x : exp(x) - 1;
    case FUNCTION_SOFTPLUS:
        return log1p(exp(x));
    case FUNCTION_GELU:
        return x * erfc(-x / sqrt(2)) / 2;
    case FUNCTION_SILU:
        return x * sigmoid_of(x);
    case FUNCTION_SIGMOID:
        return sigmoid_of(x);
    case FUNCTION_EXP:
        return exp(fmin(x, 88));
    case FUNCTION_LOG1P:
        return log1p(x);
    case FUNCTION_INVERSE_SCALE:
        return exp(-x);
    case FUNCTION_CONTINUOUS_MEAN:
        return fabs(x) < 1e-3 ? 0.5 + x / 12 : 1 / (1 - exp(-x)) - 1 / x;
    case FUNCTION_LOGISTIC_MEAN:
        for (int k = 0; k < 255; k++)
            sum += sigmoid_of((x - (k + 0.5) / 255) * s);
        return sum / 255;
    default:
        return x;
    }
}

/* The value of a node, and those of its inputs. */
struct step_values {
    const struct graph *graph;
    const struct node *node;
    const struct image *image; /* of in[0] */
    const double *a, *b;
    double *y;
    size_t n;      /* numbers of y */
    double *state; /* of a recurrent node [units], before and after */
    size_t token;  /* of the position before */
};

static void run_linear(const struct step_values *v) {
    const size_t in = image_size(v->image);
    for (size_t i = 0; i < v->n; i++) {
        v->y[i] = (double)v->node->bias[i];
        for (size_t k = 0; k < in; k++)
            v->y[i] += (double)v->node->weight[i * in + k] * v->a[k];
    }
}

/* The part of one kernel position, if it lies in the picture. */
static double tap(const struct step_values *v, size_t output, size_t row, size_t column, size_t i, size_t j) {
    const struct node *n = v->node;
    const size_t y = row * n->stride + i, x = column * n->stride + j, channels = v->image->channels;
    double sum = 0;
    if (y < n->before || x < n->before || y - n->before >= v->image->height || x - n->before >= v->image->width)
        return 0;
    for (size_t c = 0; c < channels; c++)
        sum += (double)n->weight[((output * channels + c) * n->kernel + i) * n->kernel + j] *
               v->a[((y - n->before) * v->image->width + x - n->before) * channels + c];
    return sum;
}

static void run_conv(const struct step_values *v) {
    const struct image *to = &v->node->image;
    for (size_t at = 0; at < v->n; at++) {
        const size_t output = at % to->channels, position = at / to->channels;
        v->y[at] = (double)v->node->bias[output];
        for (size_t i = 0; i < v->node->kernel; i++)
            for (size_t j = 0; j < v->node->kernel; j++)
                v->y[at] += tap(v, output, position / to->width, position % to->width, i, j);
    }
}

static void run_up(const struct step_values *v) {
    const struct image *to = &v->node->image;
    for (size_t at = 0; at < v->n; at++) {
        const size_t position = at / to->channels, row = position / to->width / v->node->factor,
                     column = position % to->width / v->node->factor;
        v->y[at] = v->a[(row * v->image->width + column) * to->channels + at % to->channels];
    }
}

static void run_norm(const struct step_values *v) {
    const size_t channels = v->image->channels, each = channels / v->node->groups;
    for (size_t g = 0; g < v->node->groups; g++) {
        double sum = 0, squares = 0;
        const double count = (double)(v->n / v->node->groups);
        for (size_t i = 0; i < v->n; i++)
            sum += i % channels / each == g ? v->a[i] : 0;
        for (size_t i = 0; i < v->n; i++)
            squares += i % channels / each == g ? pow(v->a[i] - sum / count, 2) : 0;
        for (size_t i = 0; i < v->n; i++)
            if (i % channels / each == g)
                v->y[i] = (v->a[i] - sum / count) / sqrt(squares / count + v->node->epsilon) *
                              (double)v->node->weight[i % channels] +
                          (double)v->node->bias[i % channels];
    }
}

static void run_concatenate(const struct step_values *v) {
    const struct image *other = &v->graph->node[v->node->in[1]].image;
    const size_t channels = v->node->image.channels, first = v->image->channels;
    for (size_t i = 0; i < v->n; i++) {
        const size_t position = i / channels, c = i % channels,
                     from = image_positions(other) == 1 ? 0 : position * other->channels;
        v->y[i] = c < first ? v->a[position * first + c] : v->b[from + c - first];
    }
}

/* Gate number `gate` of unit i: the part of the input, or of the state. */
static double gate_of(const float *weight, const float *bias, size_t row, size_t columns, const double *in) {
    double sum = (double)bias[row];
    for (size_t k = 0; k < columns; k++)
        sum += (double)weight[row * columns + k] * in[k];
    return sum;
}

/* One position: the state h becomes the next one. */
static void gru_step(const struct node *n, const double *u, size_t columns, double *h) {
    const size_t units = n->image.channels;
    double *next = calloc(units, sizeof *next);
    for (size_t i = 0; i < units; i++) {
        double input[3], hidden[3];
        for (size_t gate = 0; gate < 3; gate++) {
            input[gate] = gate_of(n->weight, n->bias, gate * units + i, columns, u);
            hidden[gate] = gate_of(n->state_weight, n->state_bias, gate * units + i, units, h);
        }
        const double r = sigmoid_of(input[0] + hidden[0]), z = sigmoid_of(input[1] + hidden[1]);
        next[i] = (1 - z) * tanh(input[2] + r * hidden[2]) + z * h[i];
    }
    memcpy(h, next, units * sizeof *h);
    free(next);
}

static void run_gru(const struct step_values *v) {
    const size_t units = v->node->image.channels, positions = image_positions(v->image);
    const bool last = v->n == units;
    for (size_t t = 0; t < positions; t++) {
        gru_step(v->node, v->a + t * v->image->channels, v->image->channels, v->state);
        memcpy(v->y + (last ? 0 : t * units), v->state, units * sizeof *v->y);
    }
}

static void run_gru_cell(const struct step_values *v) {
    const size_t tokens = v->node->levels, width = image_size(v->image);
    double *u = calloc(tokens + width, sizeof *u);
    u[v->token] = 1;
    memcpy(u + tokens, v->a, width * sizeof *u);
    gru_step(v->node, u, tokens + width, v->state);
    memcpy(v->y, v->state, v->n * sizeof *v->y);
    free(u);
}

static size_t most_of(const double *a, size_t levels) {
    size_t most = 0;
    for (size_t level = 1; level < levels; level++)
        if (a[level] > a[most])
            most = level;
    return most;
}

/* The kinds that compute each number by itself. */
static double number_of(const struct step_values *v, size_t i) {
    const struct node *n = v->node;
    switch (n->kind) {
    case NODE_CONSTANT:
        return (double)n->weight[i];
    case NODE_FUNCTION:
        return function_of(n->function, v->a[i], v->b == NULL ? 0 : v->b[i]);
    case NODE_GATE:
        return v->a[2 * i] * sigmoid_of(v->a[2 * i + 1]);
    case NODE_ADD:
        return v->a[i] + v->b[i];
    case NODE_ONE_HOT:
        return v->a[i / n->levels] == (double)(i % n->levels);
    case NODE_OBSERVED:
        return isnan(v->a[i]) ? 0 : v->a[i];
    case NODE_MASK:
        return !isnan(v->a[i]);
    case NODE_CLAMP:
        return i < n->first ? v->a[i] : fmax(-n->bound, fmin(n->bound, v->a[i]));
    case NODE_PICK:
        return v->a[i * n->step + n->first];
    case NODE_MOST:
        return (double)most_of(v->a + i * n->levels, n->levels);
    default:
        return NAN;
    }
}

static void run_node(const struct step_values *v) {
    static void (*const whole[NODE_KINDS])(const struct step_values *v) = {[NODE_LINEAR] = run_linear,
                                                                           [NODE_CONV] = run_conv,
                                                                           [NODE_UP] = run_up,
                                                                           [NODE_NORM] = run_norm,
                                                                           [NODE_CONCATENATE] = run_concatenate,
                                                                           [NODE_GRU] = run_gru,
                                                                           [NODE_GRU_CELL] = run_gru_cell};
    if (whole[v->node->kind] != NULL)
        whole[v->node->kind](v);
    else
        for (size_t i = 0; i < v->n; i++)
            v->y[i] = number_of(v, i);
}

/* A run of a graph. */
struct graph_values {
    const struct graph *graph;
    const float *x, *label, *z; /* the inputs of these names */
    double **value, **state;    /* [nodes] */
    size_t token;               /* of the position before */
};

static void run_nodes(struct graph_values *r, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        const struct node *n = &r->graph->node[i];
        const float *given = strcmp(n->name, "x") == 0 ? r->x : strcmp(n->name, "label") == 0 ? r->label : r->z;
        struct step_values v = {.graph = r->graph,
                                .node = n,
                                .n = graph_width(r->graph, i),
                                .y = r->value[i],
                                .state = r->state[i],
                                .token = r->token};
        if (n->inputs > 0) {
            v.image = &r->graph->node[n->in[0]].image;
            v.a = r->value[n->in[0]];
            v.b = n->inputs > 1 ? r->value[n->in[1]] : NULL;
        }
        for (size_t k = 0; n->kind == NODE_INPUT && k < v.n; k++)
            v.y[k] = (double)given[k];
        if (n->kind != NODE_INPUT)
            run_node(&v);
    }
}

/* Chooses the tokens of all positions, one after the other, until one is 0. */
static double *run_positions(struct graph_values *r, size_t cell) {
    const size_t last = r->graph->nodes - 1, positions = r->graph->node[cell].positions;
    double *tokens = calloc(positions, sizeof *tokens);
    for (size_t t = 0; t < positions; t++) {
        run_nodes(r, cell, last + 1);
        tokens[t] = *r->value[last];
        r->token = (size_t)tokens[t];
        if (r->token == 0)
            break;
    }
    return tokens;
}

/* Computes all nodes, given the values of those called x, label and z. Returns the value of the graph, which the
 * caller frees. */
static double *graph_run(const struct graph *g, const float *x, const float *label, const float *z) {
    struct graph_values r = {g, x, label, z, calloc(g->nodes, sizeof *r.value), calloc(g->nodes, sizeof *r.state),
                             0};
    size_t cell = g->nodes;
    for (size_t i = 0; i < g->nodes; i++) {
        r.value[i] = calloc(graph_width(g, i), sizeof **r.value);
        r.state[i] = calloc(g->node[i].image.channels, sizeof **r.state);
        if (g->node[i].kind == NODE_GRU_CELL)
            cell = i;
    }
    run_nodes(&r, 0, cell);
    double *result = cell < g->nodes ? run_positions(&r, cell) : r.value[g->nodes - 1];
    for (size_t i = 0; i < g->nodes; i++) {
        if (r.value[i] != result)
            free(r.value[i]);
        free(r.state[i]);
    }
    free(r.value);
    free(r.state);
    return result;
}

#endif
