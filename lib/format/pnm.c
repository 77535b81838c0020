/* SPDX-License-Identifier: MIT */
#include "format/pnm.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/frame_numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 128             /* bytes of a picture's header, with its final 0 */
#define BUFFER ((size_t)65536) /* bytes of pictures at a time */

struct image {
    const char *name; /* of the stream */
    enum dtype dtype;
    size_t height, width, channels;
    struct pnm_numbers *numbers;
};

static int set_image(struct image *image, const char *name, enum dtype dtype, const struct shape *s,
                     struct pnm_numbers *numbers) {
    char text[SHAPE_TEXT];
    const size_t channels = s->rank == 3 ? s->dim[2] : 1;
    if (s->rank < 2 || s->rank > 3 || (channels != 1 && channels != 3))
        return fail("%s: items have shape %s, wanted an image: HxW, HxWx1 or HxWx3", name, shape_text(s, text));
    if (dtype == DTYPE_I32)
        return fail("%s: items are i32, wanted u8, f32 or f64", name);
    *image = (struct image){.name = name,
                            .dtype = dtype,
                            .channels = channels,
                            .numbers = numbers,
                            .height = s->dim[0],
                            .width = s->dim[1]};
    *numbers = (struct pnm_numbers){.name = name, .least = INFINITY, .greatest = -INFINITY};
    return 0;
}

static size_t format_header(const struct image *image, size_t width, size_t height, char text[HEADER]) {
    return (size_t)snprintf(text, HEADER, "P%d\n%zu %zu\n255\n", image->channels == 3 ? 6 : 5, width, height);
}

/* Converts n elements of an item, from element `first` on, to bytes. 0, or -1 if one is NaN. */
static int put_elements(const struct image *image, uint64_t item, size_t first, size_t n, const unsigned char *from,
                        unsigned char *to) {
    struct pnm_numbers *numbers = image->numbers;
    const size_t size = dtype_size(image->dtype);
    if (image->dtype == DTYPE_U8) {
        memcpy(to, from, n);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        const double v = dtype_value(image->dtype, from + i * size), level = 255 * v;
        if (isnan(v))
            return fail("%s: item %" PRIu64 ", element %zu is not a number, wanted one in [0,1]", image->name, item,
                        first + i);
        numbers->clamped += level < -0.5 || level > 255.5;
        numbers->least = v < numbers->least ? v : numbers->least;
        numbers->greatest = v > numbers->greatest ? v : numbers->greatest;
        to[i] = (unsigned char)lrint(level < 0 ? 0 : level > 255 ? 255 : level);
    }
    numbers->count += n;
    return 0;
}

struct grid {
    struct image image;
    size_t columns, rows, pad;
    size_t line; /* bytes of a row of the picture */
};

static size_t squarest(size_t items) {
    size_t columns = 1;
    while (columns * columns < items)
        columns++;
    return columns;
}

static int lay_out(struct grid *g, const struct dataset *images, size_t columns, size_t pad) {
    const struct image *image = &g->image;
    size_t tile_bytes, picture;
    g->columns = columns == 0 ? squarest(images->items) : columns;
    g->rows = divide_up(images->items, g->columns);
    g->pad = pad;
    if (!multiply(g->columns, image->width + pad, &tile_bytes) ||
        !multiply(tile_bytes, image->channels, &g->line) || !multiply(g->line, g->rows, &picture) ||
        !multiply(picture, image->height + pad, &picture))
        return fail("%s: a picture of %zu x %zu tiles is too large, wanted fewer", images->name, g->columns,
                    g->rows);
    g->line -= pad * image->channels;
    return 0;
}

/* Draws line y of the tiles in tile row `row`. */
static int draw_line(const struct dataset *images, const struct grid *g, size_t row, size_t y,
                     unsigned char *line) {
    const struct image *image = &g->image;
    const size_t elements = image->width * image->channels, step = (image->width + g->pad) * image->channels,
                 first = y * elements;
    memset(line, 0, g->line);
    for (size_t column = 0; column < g->columns; column++) {
        const size_t item = row * g->columns + column;
        if (item >= images->items)
            break;
        const unsigned char *from = dataset_item(images, item);
        if (put_elements(image, item, first, elements, from + first * dtype_size(image->dtype),
                         line + column * step) < 0)
            return -1;
    }
    return 0;
}

static int write_rows(const struct output *out, const struct dataset *images, const struct grid *g,
                      unsigned char *band) {
    const size_t height = g->image.height;
    for (size_t row = 0; row < g->rows; row++) {
        const size_t lines = height + (row + 1 < g->rows ? g->pad : 0);
        for (size_t y = 0; y < height; y++)
            if (draw_line(images, g, row, y, band + y * g->line) < 0)
                return -1;
        memset(band + height * g->line, 0, (lines - height) * g->line);
        if (output_write(out, band, lines * g->line) < 0)
            return -1;
    }
    return 0;
}

int pnm_write_grid(const struct output *out, const struct dataset *images, size_t columns, size_t pad,
                   struct pnm_numbers *numbers) {
    struct grid g;
    char header[HEADER];
    if (set_image(&g.image, images->name, images->dtype, &images->shape, numbers) < 0 ||
        lay_out(&g, images, columns, pad) < 0)
        return -1;
    const size_t height = g.image.height, width = g.line / g.image.channels;
    unsigned char *band = malloc((height + pad) * g.line);
    if (band == NULL)
        return fail("%s: out of memory for a picture of width %zu", images->name, width);
    const size_t length = format_header(&g.image, width, g.rows * (height + pad) - pad, header);
    int result = output_write(out, header, length);
    if (result == 0)
        result = write_rows(out, images, &g, band);
    free(band);
    return result;
}

/* The pictures of a stream, as they are written. */
struct items {
    const struct output *out;
    struct raw_reader *reader;
    struct image image;
    char header[HEADER];
    size_t header_bytes;
    size_t elements, element; /* of an item, and of these the next one to write */
    uint64_t item;            /* the item of that element */
    bool inside;              /* a picture is begun and not ended */
    size_t used;              /* bytes of the buffer that are to be written */
    unsigned char *buffer;
};

static int flush(struct items *t) {
    const size_t used = t->used;
    t->used = 0;
    return output_write(t->out, t->buffer, used);
}

/* Begins a picture, for whose header there is room. */
static void begin_picture(struct items *t) {
    memcpy(t->buffer + t->used, t->header, t->header_bytes);
    t->used += t->header_bytes;
    t->inside = true;
}

/* Writes n elements, which may be of several items. */
static int put_some(void *context, const unsigned char *from, size_t n) {
    struct items *t = context;
    while (n > 0) {
        if (t->used + HEADER + FRAME_NUMBERS_MOST > BUFFER && flush(t) < 0)
            return -1;
        if (!t->inside)
            begin_picture(t);
        const size_t left = t->elements - t->element, some = n < left ? n : left;
        if (put_elements(&t->image, t->item, t->element, some, from, t->buffer + t->used) < 0)
            return -1;
        t->used += some;
        t->element = (t->element + some) % t->elements;
        t->inside = t->element > 0;
        t->item += !t->inside;
        from += some * dtype_size(t->image.dtype);
        n -= some;
    }
    return 0;
}

static int put_frames(struct items *t) {
    int more;
    while ((more = raw_next(t->reader)) == 1)
        if (frame_numbers(t->reader, t, put_some) < 0 || flush(t) < 0)
            return -1;
    if (more == 0 && t->reader->items == 0)
        return fail("%s: no items, wanted at least 1", t->image.name);
    return more;
}

/* Ends the output inside a picture, so that its reader notices that it is not all. */
static void end_inside(struct items *t) {
    if (t->item > 0 && !t->inside)
        begin_picture(t);
    (void)!flush(t);
}

int pnm_write_items(const struct output *out, struct raw_reader *reader, struct pnm_numbers *numbers) {
    struct items t = {.out = out, .reader = reader, .elements = shape_elements(&reader->frame.shape)};
    const char *name = reader->in.name;
    if (set_image(&t.image, name, reader->frame.dtype, &reader->frame.shape, numbers) < 0)
        return -1;
    t.header_bytes = format_header(&t.image, t.image.width, t.image.height, t.header);
    t.buffer = malloc(BUFFER + HEADER);
    if (t.buffer == NULL)
        return fail("%s: out of memory for its pictures", name);
    const int result = put_frames(&t);
    if (result < 0)
        end_inside(&t);
    free(t.buffer);
    return result;
}
