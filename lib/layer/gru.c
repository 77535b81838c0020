/* SPDX-License-Identifier: MIT */
#include "layer/gru.h"

#include "base/number.h"
#include "kernel/math_kernel.h"
#include "layer/linear.h"
#include "layer/outer.h"

#include <string.h>

#define BLOCK ((size_t)32) /* rows that go from position to position together */

static size_t gates(const struct gru *g) {
    return 3 * g->units;
}

/* Floats of one position of `kept`: gates, what the backward pass needs, and with `last` the state. */
static size_t each(const struct gru *g) {
    return (g->last ? 5 : 4) * g->units;
}

size_t gru_kept(const struct gru *g) {
    return g->positions * each(g);
}

/* The matrices as linear layers; packed [direction] begins with the tokens' columns of W_i, [tokens, 3 H], in the
 * forward direction. */
static struct linear input_of(const struct gru *g, const struct gru_weights *w) {
    float *forward = w->packed[DIRECTION_FORWARD], *backward = w->packed[DIRECTION_BACKWARD];
    return (struct linear){
        .in = g->in,
        .out = gates(g),
        .stride = g->tokens + g->in,
        .weight = w->own[GRU_INPUT] + g->tokens,
        .bias = w->own[GRU_INPUT_BIAS],
        .panels = {products()->packed && forward != NULL ? forward + g->tokens * gates(g) : NULL,
                   products()->packed ? backward : NULL},
    };
}

static struct linear hidden_of(const struct gru *g, const struct gru_weights *w) {
    const struct linear input = input_of(g, w);
    struct linear hidden = {
        .in = g->units, .out = gates(g), .weight = w->own[GRU_HIDDEN], .bias = w->own[GRU_HIDDEN_BIAS]};
    for (int d = 0; d < DIRECTIONS; d++)
        if (input.panels[d] != NULL)
            hidden.panels[d] = input.panels[d] + linear_panels_size(&input, (enum direction)d);
    return hidden;
}

size_t gru_packed_size(const struct gru *g, enum direction direction) {
    const struct linear input = {.in = g->in, .out = gates(g)}, hidden = {.in = g->units, .out = gates(g)};
    const size_t columns = direction == DIRECTION_FORWARD ? g->tokens * gates(g) : 0;
    return columns + (products()->packed
                          ? linear_panels_size(&input, direction) + linear_panels_size(&hidden, direction)
                          : 0);
}

void gru_pack(const struct gru *g, const struct gru_weights *w, size_t which, size_t unit, size_t units) {
    const struct linear input = input_of(g, w), hidden = hidden_of(g, w);
    const struct linear *linear = which == GRU_INPUT ? &input : &hidden;
    float *columns = w->packed[DIRECTION_FORWARD];
    for (size_t u = unit; which == GRU_INPUT && columns != NULL && u < unit + units; u++)
        for (size_t token = 0; token < g->tokens; token++)
            columns[token * gates(g) + u] = w->own[GRU_INPUT][u * input.stride + token];
    linear_pack(linear, &(struct matrix_tile){unit, units, 0, linear->in});
}

static float *gates_at(const struct gru *g, const struct gru_rows *r, size_t row, size_t position) {
    return r->kept + (row * g->positions + position) * each(g);
}

static float *state_at(const struct gru *g, const struct gru_rows *r, size_t row, size_t position) {
    return g->last ? gates_at(g, r, row, position) + 4 * g->units
                   : r->out + (row * g->positions + position) * g->units;
}

/* Returns the token of a position, or g->tokens if there is none. */
static size_t token_at(const struct gru *g, const struct gru_rows *r, size_t row, size_t position) {
    const float token = g->tokens == 0 ? -1 : r->token[row / r->draws * g->positions + position];
    return token >= 0 ? (size_t)token : g->tokens;
}

/* Memory of a thread for BLOCK rows. */
struct scratch {
    float *hidden; /* [BLOCK, 3 H], the state's part of the gates, or its gradient */
    float *before; /* [BLOCK, H], the state before a position */
    float *d;      /* [BLOCK, H], the gradient with respect to the state after it */
};

static struct scratch scratch_of(const struct gru *g, const struct gru_rows *r) {
    return (struct scratch){.hidden = r->scratch,
                            .before = r->scratch + BLOCK * gates(g),
                            .d = r->scratch + BLOCK * (gates(g) + g->units)};
}

size_t gru_scratch(const struct gru *g) {
    const size_t block = outer_block(g->units), wide = outer_block(g->in),
                 sums = larger(block * g->units + outer_panels(block, g->units), outer_panels(wide, g->in));
    return larger(BLOCK * (gates(g) + 2 * g->units), sums);
}

/* Writes the states before a position to `before` [count, H]. */
static void gather_before(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                          size_t position, float *before) {
    for (size_t i = 0; i < count; i++, before += g->units)
        if (position == 0)
            memset(before, 0, g->units * sizeof *before);
        else
            memcpy(before, state_at(g, r, first + i, position - 1), g->units * sizeof *before);
}

void gru_begin(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
               size_t count) {
    const struct linear input = input_of(g, w);
    if (g->sequence) {
        linear_forward(&input, r->in, (struct matrix){r->kept, each(g)},
                       &(struct matrix_tile){first * g->positions, count * g->positions, 0, gates(g)});
        return;
    }
    linear_forward(&input, r->in, (struct matrix){r->kept, gru_kept(g)},
                   &(struct matrix_tile){first, count, 0, gates(g)});
    for (size_t row = first; row < first + count; row++)
        for (size_t position = 1; position < g->positions; position++)
            memcpy(gates_at(g, r, row, position), gates_at(g, r, row, 0), gates(g) * sizeof(float));
}

/* One position of at most BLOCK rows. */
static void position_of_block(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r,
                              size_t first, size_t count, size_t position) {
    const struct linear hidden = hidden_of(g, w);
    const struct scratch s = scratch_of(g, r);
    gather_before(g, r, first, count, position, s.before);
    linear_forward(&hidden, s.before, (struct matrix){s.hidden, gates(g)},
                   &(struct matrix_tile){0, count, 0, gates(g)});
    for (size_t i = 0; i < count; i++) {
        const size_t row = first + i, token = token_at(g, r, row, position);
        float *at = gates_at(g, r, row, position), *state = state_at(g, r, row, position);
        if (token < g->tokens)
            math_kernel()->add(at, w->packed[DIRECTION_FORWARD] + token * gates(g), gates(g));
        math_kernel()->gru(at, s.hidden + i * gates(g), s.before + i * g->units, state, g->units);
        if (g->last && position + 1 == g->positions)
            memcpy(r->out + row * g->units, state, g->units * sizeof *state);
    }
}

void gru_position(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                  size_t count, size_t position) {
    for (size_t row = first; row < first + count; row += BLOCK)
        position_of_block(g, w, r, row, smaller(BLOCK, first + count - row), position);
}

void gru_forward(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                 size_t count) {
    gru_begin(g, w, r, first, count);
    for (size_t row = first; row < first + count; row += BLOCK)
        for (size_t position = 0; position < g->positions; position++)
            position_of_block(g, w, r, row, smaller(BLOCK, first + count - row), position);
}

/* Adds the gradient with respect to the output of a position to d [H]. */
static void add_output_gradient(const struct gru *g, const struct gru_rows *r, size_t row, size_t position,
                                float *d) {
    if (!g->last)
        math_kernel()->add(d, r->dout + (row * g->positions + position) * g->units, g->units);
    else if (position + 1 == g->positions)
        memcpy(d, r->dout + row * g->units, g->units * sizeof *d);
}

static void backward_block(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                           size_t count) {
    const struct linear hidden = hidden_of(g, w);
    const struct scratch s = scratch_of(g, r);
    memset(s.d, 0, count * g->units * sizeof *s.d);
    for (size_t position = g->positions; position-- > 0;) {
        gather_before(g, r, first, count, position, s.before);
        for (size_t i = 0; i < count; i++) {
            add_output_gradient(g, r, first + i, position, s.d + i * g->units);
            math_kernel()->gru_backward(gates_at(g, r, first + i, position), s.hidden + i * gates(g),
                                        s.before + i * g->units, s.d + i * g->units, g->units);
        }
        if (position > 0)
            linear_backward(&hidden, (struct matrix){s.hidden, gates(g)}, s.d, 1,
                            &(struct matrix_tile){0, count, 0, g->units});
    }
}

void gru_backward(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                  size_t count) {
    for (size_t row = first; row < first + count; row += BLOCK)
        backward_block(g, w, r, row, smaller(BLOCK, first + count - row));
    for (size_t row = first; !g->sequence && row < first + count; row++) {
        memset(r->saved + row * gates(g), 0, gates(g) * sizeof *r->saved);
        math_kernel()->column_sums(r->saved + row * gates(g), gates_at(g, r, row, 0), g->positions, gates(g),
                                   each(g), 1);
    }
}

void gru_backward_input(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                        size_t count, float *din, float beta) {
    const struct linear input = input_of(g, w);
    const size_t rows = g->sequence ? g->positions : 1;
    linear_backward(&input, g->sequence ? (struct matrix){r->kept, each(g)} : (struct matrix){r->saved, gates(g)},
                    din, beta, &(struct matrix_tile){first * rows, count * rows, 0, g->in});
}

/* Where the parts of a partial gradient begin: the tokens' columns of W_i [tokens, 3 H] at 0, its others [3 H, D],
 * W_h [3 H, H], b_i and b_h [3 H]. */
struct places {
    size_t input, hidden, input_bias, hidden_bias;
};

static struct places places_of(const struct gru *g) {
    struct places p = {.input = g->tokens * gates(g)};
    p.hidden = p.input + g->in * gates(g);
    p.input_bias = p.hidden + g->units * gates(g);
    p.hidden_bias = p.input_bias + gates(g);
    return p;
}

size_t gru_partial(const struct gru *g) {
    return places_of(g).hidden_bias + gates(g);
}

/* The tokens' columns of W_i, number by number. */
static void gradient_of_tokens(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                               float *sum) {
    memset(sum, 0, g->tokens * gates(g) * sizeof *sum);
    for (size_t i = 0; g->tokens > 0 && i < count * g->positions; i++) {
        const size_t token = token_at(g, r, first + i / g->positions, i % g->positions);
        if (token < g->tokens)
            math_kernel()->add(sum + token * gates(g), gates_at(g, r, first, 0) + i * each(g), gates(g));
    }
}

/* The other columns of W_i. */
static void gradient_of_input(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                              float *sum) {
    const size_t rows = g->sequence ? g->positions : 1, block = outer_block(g->in), end = (first + count) * rows;
    const float *d = g->sequence ? r->kept : r->saved;
    struct outer o = {.a_row = g->sequence ? each(g) : gates(g), .units = gates(g), .columns = g->in};
    for (size_t at = first * rows; at < end; at += block) {
        o.a = d + at * o.a_row;
        o.b = r->in + at * g->in;
        o.count = smaller(block, end - at);
        outer_pack(&o, r->scratch);
        outer_add(&o, at == first * rows ? 0 : 1, sum, r->scratch);
    }
}

/* W_h. The gradient with respect to the state's part of the gates is that of the gates, except the last third,
 * which stands behind them. */
static void gradient_of_hidden(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                               float *sum) {
    const size_t h = g->units, block = outer_block(h), all = count * g->positions;
    for (size_t at = 0; at < all; at += block) {
        struct outer o = {.a = gates_at(g, r, first, 0) + at * each(g),
                          .a_row = each(g),
                          .units = 2 * h,
                          .b = r->scratch,
                          .columns = h,
                          .count = smaller(block, all - at)};
        float *panels = r->scratch + block * h;
        for (size_t i = 0; i < o.count; i++)
            gather_before(g, r, first + (at + i) / g->positions, 1, (at + i) % g->positions, r->scratch + i * h);
        outer_pack(&o, panels);
        outer_add(&o, at == 0 ? 0 : 1, sum, panels);
        o.a += 3 * h;
        o.units = h;
        outer_add(&o, at == 0 ? 0 : 1, sum + 2 * h * h, panels);
    }
}

void gru_gradient(const struct gru *g, const struct gru_rows *r, size_t first, size_t count, float *partial) {
    const struct places p = places_of(g);
    const size_t h = g->units, all = count * g->positions;
    const float *d = gates_at(g, r, first, 0);
    float *input_bias = partial + p.input_bias, *hidden_bias = partial + p.hidden_bias;
    gradient_of_tokens(g, r, first, count, partial);
    gradient_of_input(g, r, first, count, partial + p.input);
    gradient_of_hidden(g, r, first, count, partial + p.hidden);
    memset(input_bias, 0, 2 * gates(g) * sizeof *input_bias);
    math_kernel()->column_sums(input_bias, d, all, gates(g), each(g), 1);
    memcpy(hidden_bias, input_bias, 2 * h * sizeof *hidden_bias);
    math_kernel()->column_sums(hidden_bias + 2 * h, d + 3 * h, all, h, each(g), 1);
}

void gru_order(const struct gru *g, const float *partial, size_t unit, size_t units, float scale, float beta,
               float *const own[GRU_PARAMETERS]) {
    const struct places p = places_of(g);
    for (size_t i = 0; i < units; i++) {
        const size_t u = unit + i;
        float *input = own[GRU_INPUT] + i * (g->tokens + g->in);
        outer_mix(input, partial + u, gates(g), g->tokens, scale, beta);
        outer_mix(input + g->tokens, partial + p.input + u * g->in, 1, g->in, scale, beta);
        outer_mix(own[GRU_HIDDEN] + i * g->units, partial + p.hidden + u * g->units, 1, g->units, scale, beta);
    }
    outer_mix(own[GRU_INPUT_BIAS], partial + p.input_bias + unit, 1, units, scale, beta);
    outer_mix(own[GRU_HIDDEN_BIAS], partial + p.hidden_bias + unit, 1, units, scale, beta);
}
