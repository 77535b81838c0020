/* SPDX-License-Identifier: MIT */
#include "format/pnm.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grid {
    size_t height, width, channels, columns, rows, pad;
    size_t line; /* bytes of a row of the picture */
};

static int image_shape(const struct dataset *images, struct grid *g) {
    char text[SHAPE_TEXT];
    const struct shape *s = &images->shape;
    g->channels = s->rank == 3 ? s->dim[2] : 1;
    if (s->rank < 2 || s->rank > 3 || (g->channels != 1 && g->channels != 3))
        return fail("%s: items have shape %s, wanted an image: HxW, HxWx1 or HxWx3", images->name,
                    shape_text(s, text));
    if (images->dtype == DTYPE_I32)
        return fail("%s: items are i32, wanted u8, f32 or f64", images->name);
    g->height = s->dim[0];
    g->width = s->dim[1];
    return 0;
}

static size_t squarest(size_t items) {
    size_t columns = 1;
    while (columns * columns < items)
        columns++;
    return columns;
}

static int lay_out(struct grid *g, const struct dataset *images, size_t columns, size_t pad) {
    size_t tile_bytes, picture;
    g->columns = columns == 0 ? squarest(images->items) : columns;
    g->rows = (images->items + g->columns - 1) / g->columns;
    g->pad = pad;
    if (!multiply(g->columns, g->width + pad, &tile_bytes) || !multiply(tile_bytes, g->channels, &g->line) ||
        !multiply(g->line, g->rows, &picture) || !multiply(picture, g->height + pad, &picture))
        return fail("%s: a picture of %zu x %zu tiles is too large, wanted fewer", images->name, g->columns,
                    g->rows);
    g->line -= pad * g->channels;
    return 0;
}

/* Converts one row of an image's pixels to bytes. 0, or -1 if a pixel is NaN. */
static int put_pixels(const struct dataset *images, size_t item, size_t first, size_t n, unsigned char *to) {
    const unsigned char *from =
        (const unsigned char *)dataset_item(images, item) + first * dtype_size(images->dtype);
    if (images->dtype == DTYPE_U8) {
        memcpy(to, from, n);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        const double v = dtype_value(images->dtype, from + i * dtype_size(images->dtype));
        if (isnan(v))
            return fail("%s: item %zu, element %zu is not a number, wanted one in [0,1]", images->name, item,
                        first + i);
        to[i] = (unsigned char)lrint(255.0 * (v < 0 ? 0 : v > 1 ? 1 : v));
    }
    return 0;
}

/* Draws line y of the tiles in tile row `row`. */
static int draw_line(const struct dataset *images, const struct grid *g, size_t row, size_t y,
                     unsigned char *line) {
    const size_t pixels = g->width * g->channels, step = (g->width + g->pad) * g->channels;
    memset(line, 0, g->line);
    for (size_t column = 0; column < g->columns; column++) {
        const size_t item = row * g->columns + column;
        if (item >= images->items)
            break;
        if (put_pixels(images, item, y * pixels, pixels, line + column * step) < 0)
            return -1;
    }
    return 0;
}

static int write_rows(const struct output *out, const struct dataset *images, const struct grid *g,
                      unsigned char *band) {
    for (size_t row = 0; row < g->rows; row++) {
        const size_t lines = g->height + (row + 1 < g->rows ? g->pad : 0);
        for (size_t y = 0; y < g->height; y++)
            if (draw_line(images, g, row, y, band + y * g->line) < 0)
                return -1;
        memset(band + g->height * g->line, 0, (lines - g->height) * g->line);
        if (output_write(out, band, lines * g->line) < 0)
            return -1;
    }
    return 0;
}

int pnm_write_grid(const struct output *out, const struct dataset *images, size_t columns, size_t pad) {
    struct grid g;
    char header[128];
    if (image_shape(images, &g) < 0 || lay_out(&g, images, columns, pad) < 0)
        return -1;
    unsigned char *band = malloc((g.height + pad) * g.line);
    if (band == NULL)
        return fail("%s: out of memory for a picture of width %zu", images->name, g.line / g.channels);
    int length = snprintf(header, sizeof header, "P%d\n%zu %zu\n255\n", g.channels == 3 ? 6 : 5,
                          g.line / g.channels, g.rows * (g.height + pad) - pad);
    int result = output_write(out, header, (size_t)length);
    if (result == 0)
        result = write_rows(out, images, &g, band);
    free(band);
    return result;
}
