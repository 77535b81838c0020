/* SPDX-License-Identifier: MIT */
#include "layer/window.h"

#include "base/number.h"

#include <string.h>

struct window window_of(const struct image *in, size_t kernel, size_t stride) {
    return (struct window){.in = *in,
                           .kernel = kernel,
                           .stride = stride,
                           .before = (kernel - 1) / 2,
                           .rows = divide_up(in->height, stride),
                           .columns = divide_up(in->width, stride)};
}

struct window window_mirrored(const struct window *w, size_t factor, size_t channels) {
    struct window mirrored = *w;
    mirrored.in = (struct image){w->in.height * factor + factor - 1, w->in.width * factor + factor - 1, channels};
    mirrored.stride = factor;
    mirrored.before = w->kernel - factor - w->before;
    mirrored.rows = w->in.height;
    mirrored.columns = w->in.width;
    return mirrored;
}

size_t window_factor_max(size_t kernel) {
    return kernel - (kernel - 1) / 2;
}

/* The part [from, to) of a kernel of `kernel` pixels that is in a picture of `size` pixels, if the kernel's first
 * pixel is `start` - `before`. */
struct span {
    size_t from, to;
};

static struct span inside(size_t start, size_t before, size_t kernel, size_t size) {
    const size_t from = start < before ? before - start : 0, room = size + before - start;
    return (struct span){from < kernel ? from : kernel, room < kernel ? room : kernel};
}

/* A position: its picture's first number, and the kernel's part in the picture. */
struct place {
    size_t picture, row, column; /* row and column of the kernel's first pixel, plus `before` */
    struct span rows, columns;
};

static struct place place_of(const struct window *w, size_t position) {
    const size_t in_picture = position % window_positions(w);
    struct place p = {.picture = position / window_positions(w) * image_size(&w->in),
                      .row = in_picture / w->columns * w->stride,
                      .column = in_picture % w->columns * w->stride};
    p.rows = inside(p.row, w->before, w->kernel, w->in.height);
    p.columns = inside(p.column, w->before, w->kernel, w->in.width);
    return p;
}

/* Returns the index in x of the first pixel that row `a` of the kernel covers in the picture. */
static size_t pixel(const struct window *w, const struct place *p, size_t a) {
    const size_t row = p->row + a - w->before, column = p->column + p->columns.from - w->before;
    return p->picture + (row * w->in.width + column) * w->in.channels;
}

static void copy(float *to, const float *from, size_t n) {
    if (n >= 32) {
        memcpy(to, from, n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

void window_gather(const struct window *w, const float *x, size_t first, size_t count, float *to) {
    const size_t channels = w->in.channels, line = w->kernel * channels;
    for (size_t i = 0; i < count; i++, to += w->kernel * line) {
        const struct place p = place_of(w, first + i);
        const size_t from = p.columns.from * channels, end = p.columns.to * channels;
        const bool whole = p.rows.from == 0 && p.rows.to == w->kernel && end - from == line;
        if (!whole)
            memset(to, 0, w->kernel * line * sizeof *to);
        for (size_t a = p.rows.from; a < p.rows.to; a++)
            copy(to + a * line + from, x + pixel(w, &p, a), end - from);
    }
}

void window_scatter(const struct window *w, const float *from, size_t first, size_t count, float *x) {
    const size_t channels = w->in.channels, line = w->kernel * channels;
    for (size_t i = 0; i < count; i++, from += w->kernel * line) {
        const struct place p = place_of(w, first + i);
        const size_t n = (p.columns.to - p.columns.from) * channels;
        for (size_t a = p.rows.from; a < p.rows.to; a++) {
            const float *patch = from + a * line + p.columns.from * channels;
            float *to = x + pixel(w, &p, a);
            for (size_t k = 0; k < n; k++)
                to[k] += patch[k];
        }
    }
}
