/* SPDX-License-Identifier: MIT */
#include "layer/gru.h"

#include "base/number.h"
#include "kernel/math_kernel.h"
#include "layer/linear.h"
#include "layer/outer.h"

#include <string.h>

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

static const float *tokens_of(const struct gru *g, const struct gru_rows *r, size_t row) {
    return r->token + row / r->draws * g->positions;
}

/* Returns the token of a position, or g->tokens if there is none. */
static size_t token_at(const struct gru *g, const struct gru_rows *r, size_t row, size_t position) {
    const float token = g->tokens == 0 ? -1 : tokens_of(g, r, row)[position];
    return token >= 0 ? (size_t)token : g->tokens;
}

/* Returns how many positions a row has before its end. */
static size_t length_of(const struct gru *g, const struct gru_rows *r, size_t row) {
    if (g->tokens == 0)
        return g->positions;
    const float *token = tokens_of(g, r, row);
    size_t length = 1;
    while (length < g->positions && (token[length] < 0 || token[length] > 0))
        length++;
    return length;
}

/* Rows that go from position to position together, the longest first, so that those that have not ended come first.
 */
struct block {
    size_t rows;
    size_t row[GRU_ROWS], length[GRU_ROWS];
};

static struct block block_of(const struct gru *g, const struct gru_rows *r, size_t first, size_t end) {
    struct block b = {.rows = smaller(GRU_ROWS, end - first)};
    for (size_t i = 0; i < b.rows; i++) {
        const size_t length = length_of(g, r, first + i);
        size_t at = i;
        for (; at > 0 && b.length[at - 1] < length; at--) {
            b.row[at] = b.row[at - 1];
            b.length[at] = b.length[at - 1];
        }
        b.row[at] = first + i;
        b.length[at] = length;
    }
    return b;
}

/* Returns how many rows have not ended before a position. */
static size_t rows_at(const struct block *b, size_t position) {
    size_t rows = b->rows;
    while (rows > 0 && b->length[rows - 1] <= position)
        rows--;
    return rows;
}

/* Memory of a thread for GRU_ROWS rows. */
struct scratch {
    float *hidden; /* [GRU_ROWS, 3 H], the state's part of the gates, or its gradient */
    float *before; /* [GRU_ROWS, H], the state before a position */
    float *d;      /* [GRU_ROWS, H], the gradient with respect to the state after it */
};

static struct scratch scratch_of(const struct gru *g, const struct gru_rows *r) {
    return (struct scratch){.hidden = r->scratch,
                            .before = r->scratch + GRU_ROWS * gates(g),
                            .d = r->scratch + GRU_ROWS * (gates(g) + g->units)};
}

size_t gru_scratch(const struct gru *g) {
    const size_t block = outer_block(g->units), wide = outer_block(g->in),
                 sums = larger(block * (g->units + gates(g)) + outer_panels(block, g->units),
                               outer_panels(wide, g->in));
    return larger(GRU_ROWS * (gates(g) + 2 * g->units), sums);
}

/* Writes the state before a position of a row to `before` [H]. */
static void copy_before(const struct gru *g, const struct gru_rows *r, size_t row, size_t position, float *before) {
    if (position == 0)
        memset(before, 0, g->units * sizeof *before);
    else
        memcpy(before, state_at(g, r, row, position - 1), g->units * sizeof *before);
}

static void gather_before(const struct gru *g, const struct gru_rows *r, const struct block *b, size_t rows,
                          size_t position, float *before) {
    for (size_t i = 0; i < rows; i++)
        copy_before(g, r, b->row[i], position, before + i * g->units);
}

void gru_begin(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
               size_t count) {
    const struct linear input = input_of(g, w);
    if (g->sequence)
        linear_forward(&input, r->in, (struct matrix){r->kept, each(g)},
                       &(struct matrix_tile){first * g->positions, count * g->positions, 0, gates(g)});
    else
        linear_forward(&input, r->in, (struct matrix){r->kept, gru_kept(g)},
                       &(struct matrix_tile){first, count, 0, gates(g)});
}

/* One position of a row, given the state's part of the gates. If the input is the same at each position, its part
 * goes on to the next one. */
static void position_of_row(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t row,
                            size_t position, const float *hidden, const float *before) {
    const size_t token = token_at(g, r, row, position), last = g->positions - 1;
    float *at = gates_at(g, r, row, position), *state = state_at(g, r, row, position);
    if (!g->sequence && position < last)
        memcpy(gates_at(g, r, row, position + 1), at, gates(g) * sizeof *at);
    if (token < g->tokens)
        math_kernel()->add(at, w->packed[DIRECTION_FORWARD] + token * gates(g), gates(g));
    math_kernel()->gru(at, hidden, before, state, g->units);
    if (g->last && position == last)
        memcpy(r->out + row * g->units, state, g->units * sizeof *state);
}

static void position_of_block(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r,
                              const struct block *b, size_t position) {
    const struct linear hidden = hidden_of(g, w);
    const struct scratch s = scratch_of(g, r);
    const size_t rows = rows_at(b, position);
    gather_before(g, r, b, rows, position, s.before);
    linear_forward(&hidden, s.before, (struct matrix){s.hidden, gates(g)},
                   &(struct matrix_tile){0, rows, 0, gates(g)});
    for (size_t i = 0; i < rows; i++)
        position_of_row(g, w, r, b->row[i], position, s.hidden + i * gates(g), s.before + i * g->units);
    for (size_t i = rows; i < b->rows; i++)
        memset(state_at(g, r, b->row[i], position), 0, g->units * sizeof(float));
}

void gru_position(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                  size_t count, size_t position) {
    for (size_t row = first; row < first + count; row += GRU_ROWS) {
        const struct block b = block_of(g, r, row, first + count);
        position_of_block(g, w, r, &b, position);
    }
}

void gru_forward(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                 size_t count) {
    gru_begin(g, w, r, first, count);
    for (size_t row = first; row < first + count; row += GRU_ROWS) {
        const struct block b = block_of(g, r, row, first + count);
        for (size_t position = 0; position < g->positions; position++)
            position_of_block(g, w, r, &b, position);
    }
}

/* Adds the gradient with respect to the output of a position to d [H]. */
static void add_output_gradient(const struct gru *g, const struct gru_rows *r, size_t row, size_t position,
                                float *d) {
    if (!g->last)
        math_kernel()->add(d, r->dout + (row * g->positions + position) * g->units, g->units);
    else if (position + 1 == g->positions)
        memcpy(d, r->dout + row * g->units, g->units * sizeof *d);
}

static void backward_block(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r,
                           const struct block *b) {
    const struct linear hidden = hidden_of(g, w);
    const struct scratch s = scratch_of(g, r);
    memset(s.d, 0, b->rows * g->units * sizeof *s.d);
    for (size_t position = b->length[0]; position-- > 0;) {
        const size_t rows = rows_at(b, position);
        gather_before(g, r, b, rows, position, s.before);
        for (size_t i = 0; i < rows; i++) {
            add_output_gradient(g, r, b->row[i], position, s.d + i * g->units);
            math_kernel()->gru_backward(gates_at(g, r, b->row[i], position), s.hidden + i * gates(g),
                                        s.before + i * g->units, s.d + i * g->units, g->units);
        }
        if (position > 0)
            linear_backward(&hidden, (struct matrix){s.hidden, gates(g)}, s.d, 1,
                            &(struct matrix_tile){0, rows, 0, g->units});
    }
}

void gru_backward(const struct gru *g, const struct gru_weights *w, const struct gru_rows *r, size_t first,
                  size_t count) {
    for (size_t row = first; row < first + count; row += GRU_ROWS) {
        const struct block b = block_of(g, r, row, first + count);
        backward_block(g, w, r, &b);
    }
    for (size_t row = first; !g->sequence && row < first + count; row++) {
        memset(r->saved + row * gates(g), 0, gates(g) * sizeof *r->saved);
        math_kernel()->column_sums(r->saved + row * gates(g), gates_at(g, r, row, 0), length_of(g, r, row),
                                   gates(g), each(g), 1);
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
    for (size_t row = first; g->tokens > 0 && row < first + count; row++)
        for (size_t position = 0, length = length_of(g, r, row); position < length; position++) {
            const size_t token = token_at(g, r, row, position);
            if (token < g->tokens)
                math_kernel()->add(sum + token * gates(g), gates_at(g, r, row, position), gates(g));
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

/* Adds what has been gathered to the sum, and starts anew. */
static void add_gathered(struct outer *o, float *beta, float *sum, float *panels) {
    outer_pack(o, panels);
    outer_add(o, *beta, sum, panels);
    *beta = 1;
    o->count = 0;
}

/* W_h. The gradient with respect to the state's part of the gates is that of the gates, except the last third,
 * which stands behind them. */
static void gradient_of_hidden(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                               float *sum) {
    const size_t h = g->units, block = outer_block(h);
    float *before = r->scratch, *d = before + block * h, *panels = d + block * gates(g), beta = 0;
    struct outer o = {.a = d, .a_row = gates(g), .units = gates(g), .b = before, .columns = h};
    for (size_t row = first; row < first + count; row++)
        for (size_t position = 0, length = length_of(g, r, row); position < length; position++) {
            const float *at = gates_at(g, r, row, position);
            float *to = d + o.count * gates(g);
            memcpy(to, at, 2 * h * sizeof *to);
            memcpy(to + 2 * h, at + 3 * h, h * sizeof *to);
            copy_before(g, r, row, position, before + o.count * h);
            if (++o.count == block)
                add_gathered(&o, &beta, sum, panels);
        }
    if (o.count > 0)
        add_gathered(&o, &beta, sum, panels);
}

static void gradient_of_biases(const struct gru *g, const struct gru_rows *r, size_t first, size_t count,
                               float *input, float *hidden) {
    const size_t h = g->units;
    memset(input, 0, gates(g) * sizeof *input);
    memset(hidden, 0, gates(g) * sizeof *hidden);
    for (size_t row = first; row < first + count; row++) {
        const float *d = gates_at(g, r, row, 0);
        const size_t length = length_of(g, r, row);
        math_kernel()->column_sums(input, d, length, gates(g), each(g), 1);
        math_kernel()->column_sums(hidden + 2 * h, d + 3 * h, length, h, each(g), 1);
    }
    memcpy(hidden, input, 2 * h * sizeof *hidden);
}

void gru_gradient(const struct gru *g, const struct gru_rows *r, size_t first, size_t count, float *partial) {
    const struct places p = places_of(g);
    gradient_of_tokens(g, r, first, count, partial);
    gradient_of_input(g, r, first, count, partial + p.input);
    gradient_of_hidden(g, r, first, count, partial + p.hidden);
    gradient_of_biases(g, r, first, count, partial + p.input_bias, partial + p.hidden_bias);
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
