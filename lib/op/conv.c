/* SPDX-License-Identifier: MIT */
#include "op/conv.h"

#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"

#include <string.h>

#define NARROW                                                                                                    \
    ((size_t)8)            /* most outputs of a narrow convolution: with more, the rows of panels are mostly full \
                            */
#define BLOCK ((size_t)24) /* positions whose patches are gathered for one product: whole tiles at each level */
#define PATCHES \
    ((size_t)65536) /* floats of the patches that a product of the gradient reads: they stay in the cache */

static bool is_narrow(const struct conv *c) {
    return c->outputs <= NARROW && c->window.stride == 1;
}

/* With stride 1, the gradient with respect to x is a convolution of dy with the mirrored kernel. With larger
 * strides that would be mostly products with 0: then each position adds its part to the pixels that it reads. */
static bool is_mirrored(const struct conv *c) {
    return c->window.stride == 1;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Numbers of a patch of dy. */
static size_t mirrored_patch(const struct conv *c) {
    return c->window.kernel * c->window.kernel * c->outputs;
}

static size_t pixels(const struct conv *c) {
    return image_positions(&c->window.in);
}

/* Returns the positions whose patches of `patch` numbers the gradient takes at a time: a multiple of 8. */
static size_t gradient_block(size_t patch) {
    return larger(smaller(PATCHES / patch, 128) / 8 * 8, BLOCK);
}

static size_t gradient_scratch(size_t patch) {
    return gradient_block(patch) * patch + panels_size(gradient_block(patch), patch);
}

/* A narrow convolution's panels of a picture, and the products of its pixels. */
static size_t narrow_scratch(const struct conv *c) {
    return panels_size(c->window.in.channels, pixels(c)) + mirrored_patch(c) * pixels(c);
}

size_t conv_scratch(const struct conv *c) {
    const size_t patch = window_patch(&c->window);
    const size_t forward = is_narrow(c) ? narrow_scratch(c) : BLOCK * patch,
                 backward = BLOCK * (is_mirrored(c) ? mirrored_patch(c) : patch),
                 gradient = gradient_scratch(is_narrow(c) ? mirrored_patch(c) : patch);
    return larger(larger(forward, backward), gradient);
}

size_t conv_partial(const struct conv *c) {
    return c->outputs * window_patch(&c->window) + c->outputs;
}

/* A matrix that products read as their right factor: in panels, or row-major if the backend reads no panels. */
struct factor {
    size_t inner, columns;
};

static struct factor factor_of(const struct conv *c, enum direction direction) {
    const size_t patch = window_patch(&c->window);
    if (direction == DIRECTION_FORWARD)
        return (struct factor){patch, c->outputs};
    return is_mirrored(c) ? (struct factor){mirrored_patch(c), c->window.in.channels}
                          : (struct factor){c->outputs, patch};
}

static void set(const struct factor *f, float *to, size_t k, size_t column, float value) {
    to[products()->packed ? column / PANEL * f->inner * PANEL + k * PANEL + column % PANEL
                          : k * f->columns + column] = value;
}

size_t conv_packed_size(const struct conv *c, enum direction direction) {
    const struct factor f = factor_of(c, direction);
    if (direction == DIRECTION_FORWARD && is_narrow(c))
        return mirrored_patch(c) * c->window.in.channels;
    return products()->packed ? panels_size(f.inner, f.columns) : f.inner * f.columns;
}

/* Writes the weights of one output at one place of the kernel. */
static void pack_place(const struct conv *c, enum direction direction, size_t output, size_t place,
                       const float *weight, float *to) {
    const size_t places = c->window.kernel * c->window.kernel, channels = c->window.in.channels;
    const struct factor f = factor_of(c, direction);
    for (size_t i = 0; i < channels; i++) {
        const float value = weight[i * places + place];
        if (direction == DIRECTION_FORWARD && is_narrow(c))
            to[(place * c->outputs + output) * channels + i] = value;
        else if (direction == DIRECTION_FORWARD)
            set(&f, to, place * channels + i, output, value);
        else if (is_mirrored(c))
            set(&f, to, (places - 1 - place) * c->outputs + output, i, value);
        else
            set(&f, to, output, place * channels + i, value);
    }
}

void conv_pack(const struct conv *c, const float *weight, size_t output, size_t count,
               float *const packed[DIRECTIONS]) {
    const size_t places = c->window.kernel * c->window.kernel, each = window_patch(&c->window);
    for (size_t o = output; o < output + count; o++)
        for (size_t place = 0; place < places; place++)
            for (int d = 0; d < DIRECTIONS; d++)
                if (packed[d] != NULL)
                    pack_place(c, (enum direction)d, o, place, weight + o * each, packed[d]);
}

/* y [rows, columns] = a [rows, inner] times the factor, plus the bias or beta y. */
static void multiply(const struct factor *f, const float *factor, size_t rows, const float *a, float *y,
                     const float *bias, float beta) {
    products()->multiply(&(struct product){.rows = rows,
                                           .columns = f->columns,
                                           .inner = f->inner,
                                           .a = a,
                                           .a_row = f->inner,
                                           .a_inner = 1,
                                           .b = factor,
                                           .b_inner = f->columns,
                                           .b_column = 1,
                                           .panels = factor,
                                           .panel = f->inner * PANEL,
                                           .y = y,
                                           .y_row = f->columns,
                                           .alpha = 1,
                                           .beta = beta,
                                           .bias = bias});
}

/* y = the factor's product with the patches of the positions [from, end) of x. */
static void multiply_patches(const struct window *w, const struct factor *f, const float *factor, const float *x,
                             size_t from, size_t end, float *y, const float *bias, float beta, float *scratch) {
    for (size_t position = from; position < end; position += BLOCK) {
        const size_t some = smaller(BLOCK, end - position);
        window_gather(w, x, position, some, scratch);
        multiply(f, factor, some, scratch, y + position * f->columns, bias, beta);
    }
}

/* t [kernel, kernel, outputs, pixels] = W x of each pixel of a picture. */
static void multiply_pixels(const struct conv *c, const float *weight, const float *x, float *panels, float *t) {
    const size_t channels = c->window.in.channels;
    if (products()->packed)
        product_kernel()->pack_transposed(x, channels, pixels(c), channels, panels, channels * PANEL);
    products()->multiply(&(struct product){.rows = mirrored_patch(c),
                                           .columns = pixels(c),
                                           .inner = channels,
                                           .a = weight,
                                           .a_row = channels,
                                           .a_inner = 1,
                                           .b = x,
                                           .b_inner = 1,
                                           .b_column = channels,
                                           .panels = panels,
                                           .panel = channels * PANEL,
                                           .y = t,
                                           .y_row = pixels(c),
                                           .alpha = 1});
}

/* Adds to one output y of each position what the pixels contribute at place (a, b) of the kernel, `part`
 * [height, width]. */
static void add_place(const struct conv *c, size_t a, size_t b, const float *part, float *y) {
    const struct window *w = &c->window;
    const size_t before = w->before, height = w->in.height, width = w->in.width;
    const size_t top = before > a ? before - a : 0, left = before > b ? before - b : 0;
    const size_t bottom = a > before ? height - smaller(a - before, height) : height,
                 right = b > before ? width - smaller(b - before, width) : width;
    for (size_t row = top; row < bottom; row++) {
        const float *from = part + (row + a - before) * width + b - before;
        float *to = y + row * width * c->outputs;
        if (c->outputs == 1)
            for (size_t column = left; column < right; column++)
                to[column] += from[column];
        else
            for (size_t column = left; column < right; column++)
                to[column * c->outputs] += from[column];
    }
}

static void forward_narrow(const struct conv *c, const struct conv_weights *weights, const float *x, float *y,
                           float *scratch) {
    const size_t kernel = c->window.kernel;
    float *panels = scratch, *t = scratch + panels_size(c->window.in.channels, pixels(c));
    multiply_pixels(c, weights->packed[DIRECTION_FORWARD], x, panels, t);
    for (size_t i = 0; i < pixels(c) * c->outputs; i++)
        y[i] = weights->bias[i % c->outputs];
    for (size_t place = 0; place < kernel * kernel; place++)
        for (size_t o = 0; o < c->outputs; o++)
            add_place(c, place / kernel, place % kernel, t + (place * c->outputs + o) * pixels(c), y + o);
}

void conv_forward(const struct conv *c, const struct conv_weights *weights, const float *x, float *y, size_t first,
                  size_t count, float *scratch) {
    const size_t positions = window_positions(&c->window), size = image_size(&c->window.in);
    const struct factor f = factor_of(c, DIRECTION_FORWARD);
    if (!is_narrow(c))
        multiply_patches(&c->window, &f, weights->packed[DIRECTION_FORWARD], x, first * positions,
                         (first + count) * positions, y, weights->bias, 0, scratch);
    for (size_t picture = first; is_narrow(c) && picture < first + count; picture++)
        forward_narrow(c, weights, x + picture * size, y + picture * positions * c->outputs, scratch);
}

void conv_backward(const struct conv *c, const struct conv_weights *weights, const float *dy, float *dx, float beta,
                   size_t first, size_t count, float *scratch) {
    const size_t positions = window_positions(&c->window), size = image_size(&c->window.in),
                 end = (first + count) * positions;
    const struct factor f = factor_of(c, DIRECTION_BACKWARD);
    const float *factor = weights->packed[DIRECTION_BACKWARD];
    if (is_mirrored(c)) {
        const struct window mirrored = window_mirrored(&c->window, c->outputs);
        multiply_patches(&mirrored, &f, factor, dy, first * positions, end, dx, NULL, beta, scratch);
        return;
    }
    if (beta == 0)
        memset(dx + first * size, 0, count * size * sizeof *dx);
    for (size_t position = first * positions; position < end; position += BLOCK) {
        const size_t some = smaller(BLOCK, end - position);
        multiply(&f, factor, some, dy + position * c->outputs, scratch, NULL, 0);
        window_scatter(&c->window, scratch, position, some, dx);
    }
}

/* sum [units, patch] = beta sum + a' times the patches of the positions [position, position + count) of `read`,
 * with a [count, units]. */
static void add_patches(const struct window *w, const float *read, const float *a, size_t units, size_t position,
                        size_t count, float beta, float *sum, float *scratch) {
    const size_t patch = window_patch(w);
    float *panels = scratch + gradient_block(patch) * patch;
    window_gather(w, read, position, count, scratch);
    if (products()->packed)
        product_kernel()->pack(scratch, patch, count, patch, panels, count * PANEL);
    products()->multiply(&(struct product){.rows = units,
                                           .columns = patch,
                                           .inner = count,
                                           .a = a + position * units,
                                           .a_row = 1,
                                           .a_inner = units,
                                           .b = scratch,
                                           .b_inner = patch,
                                           .b_column = 1,
                                           .panels = panels,
                                           .panel = count * PANEL,
                                           .y = sum,
                                           .y_row = patch,
                                           .alpha = 1,
                                           .beta = beta});
}

/* A narrow convolution multiplies patches of dy with x, so that the product's rows are channels of x. */
void conv_gradient(const struct conv *c, const float *x, const float *dy, size_t first, size_t count,
                   float *partial, float *scratch) {
    const size_t positions = window_positions(&c->window), end = (first + count) * positions;
    const struct window mirrored = window_mirrored(&c->window, c->outputs),
                        *w = is_narrow(c) ? &mirrored : &c->window;
    const size_t block = gradient_block(window_patch(w));
    float *bias = partial + c->outputs * window_patch(&c->window);
    for (size_t position = first * positions; position < end; position += block)
        add_patches(w, is_narrow(c) ? dy : x, is_narrow(c) ? x : dy,
                    is_narrow(c) ? c->window.in.channels : c->outputs, position, smaller(block, end - position),
                    position == first * positions ? 0 : 1, partial, scratch);
    memset(bias, 0, c->outputs * sizeof *bias);
    math_kernel()->column_sums(bias, dy + first * positions * c->outputs, count * positions, c->outputs, c->outputs,
                               1);
}

/* Returns where a partial gradient has the weight of an output and a channel at a place of the kernel. */
static size_t index_of(const struct conv *c, size_t output, size_t channel, size_t place) {
    const size_t places = c->window.kernel * c->window.kernel, channels = c->window.in.channels;
    return is_narrow(c) ? (channel * places + places - 1 - place) * c->outputs + output
                        : (output * places + place) * channels + channel;
}

static float sum_of(const float *partial, size_t ranges, size_t each) {
    float sum = partial[0];
    for (size_t r = 1; r < ranges; r++)
        sum += partial[r * each];
    return sum;
}

void conv_sum(const struct conv *c, const float *partial, size_t ranges, size_t output, size_t count, float scale,
              float beta, float *weight, float *bias) {
    const size_t places = c->window.kernel * c->window.kernel, channels = c->window.in.channels,
                 each = conv_partial(c);
    for (size_t o = output; o < output + count; o++, bias++) {
        for (size_t i = 0; i < channels * places; i++, weight++)
            *weight = (beta == 0 ? 0 : beta * *weight) +
                      scale * sum_of(partial + index_of(c, o, i / places, i % places), ranges, each);
        *bias = (beta == 0 ? 0 : beta * *bias) +
                scale * sum_of(partial + c->outputs * channels * places + o, ranges, each);
    }
}
