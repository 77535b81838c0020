/* SPDX-License-Identifier: MIT */
#ifndef LAYER_GRU_H
#define LAYER_GRU_H

#include "kernel/product.h"
#include "layer/direction.h"

/* A gated recurrent unit (Cho et al. 2014), as torch.nn.GRU has it: a state h of H numbers, 0 at first, that
 * changes at each of T positions. Products of two vectors are number by number:
 *
 *     r = sigmoid(W_ir u + b_ir + W_hr h + b_hr)
 *     z = sigmoid(W_iz u + b_iz + W_hz h + b_hz)
 *     c = tanh(W_ic u + b_ic + r (W_hc h + b_hc))
 *     next h = (1 - z) c + z h
 *
 * The input u of a position is a token, one-hot, followed by D numbers: the same ones at each position, or, of a
 * sequence, those of the position. There may be no tokens. If there are, the input is the token before the
 * position: 0 at the first one, and a later 0 is the end of the row. No time goes to positions after the end; their
 * states are 0, and they have no part in gradients.
 *
 * All functions work on some rows, one sequence each, on the calling thread, position by position, so that a row's
 * numbers depend on no other row. Arrays belong to the caller. No function fails. */
struct gru {
    size_t units, tokens, in, positions; /* H; tokens, 0: none; D; T */
    bool sequence;                       /* the D numbers are those of a position */
    bool last;                           /* only the last state is the output */
};

enum { GRU_INPUT, GRU_HIDDEN, GRU_INPUT_BIAS, GRU_HIDDEN_BIAS, GRU_PARAMETERS };

/* Rows that go from position to position together, so that the weights are read once for all of them. */
#define GRU_ROWS ((size_t)32)

/* The parameters: W_i [3 H, tokens + D], W_h [3 H, H], b_i and b_h [3 H]; and W_i and W_h in the order in which
 * products read them, for each direction. */
struct gru_weights {
    const float *own[GRU_PARAMETERS];
    float *packed[DIRECTIONS];
};

/* The arrays of a pass, of all rows. */
struct gru_rows {
    /* [rows / draws, T], the token before each position: negative if it is not known, NaN after the end */
    const float *token;
    size_t draws;    /* consecutive rows that have the same tokens */
    const float *in; /* [rows, D], or of a sequence [rows, T, D] */
    float *kept;     /* [rows, gru_kept]: gates, and with `last` the states */
    float *out;      /* [rows, T, H], or with `last` [rows, H] */
    float *dout;     /* the gradient with respect to `out` */
    float *saved;    /* [rows, 3 H], if the input is no sequence: gradients, added up over positions */
    float *scratch;  /* of the thread, [gru_scratch] */
};

/* Return floats: of a row of `kept`, of `scratch`, of `packed` of a direction, and of a partial gradient. */
size_t gru_kept(const struct gru *gru);
size_t gru_scratch(const struct gru *gru);
size_t gru_packed_size(const struct gru *gru, enum direction direction);
size_t gru_partial(const struct gru *gru);

/* Writes the units [unit, unit + units) of the matrix `which`, GRU_INPUT or GRU_HIDDEN, to `packed`. */
void gru_pack(const struct gru *gru, const struct gru_weights *weights, size_t which, size_t unit, size_t units);

/* The input -> its part of the gates, in `kept`. */
void gru_begin(const struct gru *gru, const struct gru_weights *weights, const struct gru_rows *rows, size_t first,
               size_t count);

/* One position after gru_begin, if those before it are done. */
void gru_position(const struct gru *gru, const struct gru_weights *weights, const struct gru_rows *rows,
                  size_t first, size_t count, size_t position);

/* Both, for all positions. */
void gru_forward(const struct gru *gru, const struct gru_weights *weights, const struct gru_rows *rows,
                 size_t first, size_t count);

/* dout -> gradients with respect to the gates, in place of the gates, and `saved`. */
void gru_backward(const struct gru *gru, const struct gru_weights *weights, const struct gru_rows *rows,
                  size_t first, size_t count);

/* After gru_backward: din = beta din + the gradient with respect to `in`. */
void gru_backward_input(const struct gru *gru, const struct gru_weights *weights, const struct gru_rows *rows,
                        size_t first, size_t count, float *din, float beta);

/* After gru_backward: the gradient with respect to the parameters, summed over the rows, in an order of its own
 * [gru_partial]. */
void gru_gradient(const struct gru *gru, const struct gru_rows *rows, size_t first, size_t count, float *partial);

/* A sum of such gradients -> those of the units [unit, unit + units): own = beta own + scale times the sum. With
 * beta 0 the old values are not read. */
void gru_order(const struct gru *gru, const float *partial, size_t unit, size_t units, float scale, float beta,
               float *const own[GRU_PARAMETERS]);

#endif
