/* SPDX-License-Identifier: MIT */
#ifndef NN_PASS_H
#define NN_PASS_H

#include "kernel/product.h"
#include "nn/net.h"

/* The memory of a net's forward and backward pass, for up to `items` items of `draws` draws each. R is the number
 * of rows of a layer: `items`, or `items` times `draws`. Functions write the rows or the tile that they are given
 * and nothing else, so threads may take disjoint ones. */

/* The arrays of one layer, all in the pass's memory. */
struct value {
    float *out; /* [R, width] */
    /* [R, width], the gradient of the loss with respect to `out`; NULL if it is not wanted, or in a pass that does
     * not train. It may be `out` itself, see struct op. */
    float *dout;
    float *kept, *saved; /* [R, kept], [R, saved]; `saved` is NULL in a pass that does not train */
    /* [terms, parts, R], in nats. Sums over units are kept as one partial sum per part, so that no thread waits. In
     * a pass that does not train there is one part. */
    double *term;
    size_t parts;
    bool per_micro_batch; /* out, dout, kept and saved have the rows of one micro-batch only */
    float *panels;        /* `out` in panels, which the gradients of later layers read; NULL if none reads them */
    float *partial; /* [1 + ranges, partial] of a ranged layer, see pass_sum; NULL in a pass that does not train */
};

struct pass {
    const struct net *net; /* not owned */
    size_t from, to;       /* the pass runs the layers [from, to) */
    size_t items, draws, threads;
    size_t micro_batch, first; /* items of a micro-batch, and the number of the present one's first item */
    bool trains;               /* there is a backward pass */
    struct value *value;       /* [layers of the net]; set for the layers [from, to) */
    float *weight;  /* [items, draws], weight of each draw in the gradient; NULL if the pass does not train */
    float *scratch; /* [threads, the largest `scratch` of a layer] */
    void *context;  /* for operations that the caller adds to the plan */
    void *memory;   /* of all arrays; owned, like `value` */
};

/* The size of a pass. */
struct pass_size {
    size_t items, draws;
    size_t threads; /* of the workers that run it; 0 stands for the calling thread alone */
    bool trains;
    bool in_micro_batches; /* the caller runs it micro-batch by micro-batch, see pass_set_micro_batch */
};

/* Allocates a pass of the layers [from, to). 0, or -1 if memory runs out or the pass is too large; end with
 * pass_free in both cases. */
int pass_create(struct pass *pass, const struct net *net, size_t from, size_t to, const struct pass_size *size)
    __attribute__((warn_unused_result));

void pass_free(struct pass *pass);

/* A step may be run in micro-batches: the forward and the backward pass of the first `micro_batch` items, then
 * those of the next ones. Activations and gradients that only layers of the same micro-batch need are kept for one
 * of them, so that a mini-batch of pictures takes little memory. A micro-batch is whole ranges, so that sums have
 * the same bits. Sets the micro-batch that begins at item `first`: from then on, rows, items and ranges are counted
 * from there, in all arrays. Without `in_micro_batches`, and with OpenBLAS, there is one micro-batch, the whole
 * pass. */
void pass_set_micro_batch(struct pass *pass, size_t first);

/* Returns about how many bytes a pass of the layers [from, to) that does not train has for each row. */
size_t pass_row_bytes(const struct net *net, size_t from, size_t to);

/* Returns the arrays of a layer. */
static inline struct value *pass_value(const struct pass *pass, const struct layer *layer) {
    return &pass->value[layer->number];
}

/* Returns the arrays of input i of a layer. */
static inline struct value *pass_input(const struct pass *pass, const struct layer *layer, size_t i) {
    return &pass->value[layer->in[i]];
}

/* Returns the rows of a layer per item: 1 or `draws`. */
static inline size_t pass_rows_per_item(const struct pass *pass, const struct layer *layer) {
    return layer->rows == PER_DRAW ? pass->draws : 1;
}

/* The rows of a ranged layer are divided into at most PASS_RANGES ranges, or into fewer if the layer wants more
 * rows in a range. They depend on the size of the pass and on the layer only, so that sums over a range have the
 * same bits with any number of threads. The range of one layer is that of another or a power of two times it. The
 * last range of a step may be shorter. The functions return the items of a range, its rows, and the gradient that a
 * layer computes for the range that begins at `row` [partial]. */
#define PASS_RANGES ((size_t)32)

size_t pass_range_items(const struct pass *pass, const struct layer *layer);

static inline size_t pass_range_rows(const struct pass *pass, const struct layer *layer) {
    return pass_range_items(pass, layer) * pass_rows_per_item(pass, layer);
}

static inline float *pass_partial(const struct pass *pass, const struct layer *layer, size_t row) {
    return &pass_value(pass, layer)->partial[(1 + row / pass_range_rows(pass, layer)) * layer->partial];
}

/* Adds the partial gradients of the ranges of the micro-batch's first `items` items to partial[0], in their order;
 * in the first micro-batch, partial[0] becomes their sum. For each layer, part number `part` of `parts` of the
 * numbers. */
void pass_sum(struct pass *pass, size_t items, size_t part, size_t parts);

/* Returns the calling thread's scratch, of as many floats as any layer's `scratch` says. */
float *pass_scratch(const struct pass *pass);

/* Returns term number `term` of a layer, [R], of part number `part`, which is that of the tile. */
double *pass_term(const struct pass *pass, const struct layer *layer, size_t term, size_t part);

/* Returns a term of one row, summed over its parts. */
double pass_term_sum(const struct pass *pass, const struct layer *layer, size_t term, size_t row);

/* Returns how many floats are from one panel of a layer's output to the next. */
size_t pass_panel(const struct pass *pass, const struct layer *layer);

/* Computes a tile of the layer's output with op->forward, and packs it. */
void pass_layer_forward(struct pass *pass, const struct layer *layer, const struct tile *tile);

/* Computes a tile of the gradients with respect to the layer's inputs with op->backward. If the gradient of an
 * input is complete then, goes back through the activation of this input. */
void pass_layer_backward(struct pass *pass, const struct layer *layer, const struct tile *tile,
                         const struct step *step);

/* Runs the forward pass of the layers [from, to) for the items [first, first + items), on the calling thread. */
void pass_forward(struct pass *pass, size_t from, size_t to, size_t first, size_t items);

/* Writes rows of a layer's output to its panels, if it has panels. Called after a caller has set the output. */
void pass_pack(struct pass *pass, const struct layer *layer, size_t row, size_t rows);

#endif
