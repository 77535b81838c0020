/* SPDX-License-Identifier: MIT */
#include "export/c_memory.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

bool c_is_label(const struct node *node) {
    return node->kind == NODE_INPUT && strcmp(node->name, "label") == 0;
}

/* True if the node may write its numbers over those of an input, of which it has as many. */
static bool works_in_place(const struct node *node) {
    return node->kind == NODE_FUNCTION || node->kind == NODE_ADD || node->kind == NODE_NORM ||
           node->kind == NODE_OBSERVED || node->kind == NODE_CLAMP;
}

/* Returns the floats of a node: its value, and what it needs to compute it. */
static size_t floats_of(const struct graph *g, size_t i) {
    const struct node *node = &g->node[i];
    const size_t units = node->image.channels;
    return graph_width(g, i) + (node->kind == NODE_GRU        ? C_GRU_FLOATS * units
                                : node->kind == NODE_GRU_CELL ? C_GRU_CELL_FLOATS * units
                                                              : 0);
}

/* Sets who reads each value last; the output is read after the last node, and the state of a cell at the next
 * position. */
static void find_readers(struct c_memory *m, const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t k = 0; k < g->node[i].inputs; k++)
            m->of_node[g->node[i].in[k]].last = i;
    for (size_t i = 0; i < g->nodes; i++)
        if (i + 1 == g->nodes || g->node[i].kind == NODE_GRU_CELL)
            m->of_node[i].last = g->nodes;
}

static enum c_place place_of(const struct node *node) {
    if (node->kind == NODE_CONSTANT)
        return C_CONSTANT;
    return node->kind == NODE_INPUT && !c_is_label(node) ? C_GIVEN : C_WORK;
}

/* Returns the input that node i may overwrite. Only a sum is the same for each of its inputs. */
static size_t overwritten(const struct c_memory *m, const struct graph *g, size_t i) {
    const struct node *node = &g->node[i];
    const size_t inputs = node->kind == NODE_ADD ? node->inputs : 1;
    for (size_t k = 0; works_in_place(node) && k < inputs; k++) {
        const struct c_value *in = &m->of_node[node->in[k]];
        if (in->place == C_WORK && in->last == i)
            return node->in[k];
    }
    return NO_NODE;
}

static void share(struct c_memory *m, const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++) {
        struct c_value *v = &m->of_node[i];
        v->place = place_of(&g->node[i]);
        v->over = overwritten(m, g, i);
        v->root = v->over == NO_NODE ? i : m->of_node[v->over].root;
        if (v->last > m->of_node[v->root].last)
            m->of_node[v->root].last = v->last;
    }
}

/* Gives the output, and what it overwrites, the caller's array. An output that is divided has arrays of its own. */
static void place_result(struct c_memory *m, const struct graph *g, bool divided) {
    struct c_value *output = &m->of_node[g->nodes - 1];
    if (divided)
        *output = (struct c_value){.root = g->nodes - 1, .over = NO_NODE, .last = g->nodes};
    for (size_t i = 0; i < g->nodes; i++)
        if (m->of_node[i].root == output->root)
            m->of_node[i].place = C_RESULT;
}

/* Returns whether the memory of an earlier root is in use when node i is computed, and overlaps `size` floats from
 * `offset` on. */
static bool overlaps(const struct c_memory *m, const struct graph *g, size_t other, size_t i, size_t offset,
                     size_t size) {
    const struct c_value *v = &m->of_node[other];
    return v->place == C_WORK && v->root == other && v->last >= i && v->offset < offset + size &&
           offset < v->offset + floats_of(g, other);
}

/* Returns the least offset at which the value of node i overlaps nothing that is in use. */
static size_t free_offset(const struct c_memory *m, const struct graph *g, size_t i) {
    const size_t size = floats_of(g, i);
    size_t offset = 0, other = 0;
    while (other < i)
        if (overlaps(m, g, other, i, offset, size)) {
            offset = m->of_node[other].offset + floats_of(g, other);
            other = 0;
        } else {
            other++;
        }
    return offset;
}

static void place_work(struct c_memory *m, const struct graph *g) {
    for (size_t i = 0; i < g->nodes; i++) {
        struct c_value *v = &m->of_node[i];
        if (v->place != C_WORK)
            continue;
        v->offset = v->root == i ? free_offset(m, g, i) : m->of_node[v->root].offset;
        if (v->offset + floats_of(g, i) > m->work)
            m->work = v->offset + floats_of(g, i);
    }
}

int c_memory_plan(struct c_memory *m, const struct graph *g, bool divided) {
    *m = (struct c_memory){.of_node = calloc(g->nodes, sizeof *m->of_node)};
    if (m->of_node == NULL)
        return fail("%s: out of memory for the values of %zu nodes", g->name, g->nodes);
    find_readers(m, g);
    share(m, g);
    place_result(m, g, divided);
    place_work(m, g);
    return 0;
}

void c_memory_free(struct c_memory *m) {
    free(m->of_node);
}
