/* SPDX-License-Identifier: MIT */
#include "train/augment.h"

#include "base/error.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

#define SHIFT "shift:"
#define FLIP "flip"

/* Positions of the numbers in an item's noise. */
enum { DOWN = 0, RIGHT = 4, MIRROR = 8 };

/* Parses one item of the list, the first `length` characters of `text`. Returns whether it is valid, and new. */
static bool read_item(struct augment *a, const char *text, size_t length) {
    const size_t prefix = strlen(SHIFT);
    size_t count;
    if (length == strlen(FLIP) && memcmp(text, FLIP, length) == 0 && !a->flip)
        return a->flip = true;
    return length > prefix && memcmp(text, SHIFT, prefix) == 0 && a->shift == 0 &&
           read_list(text + prefix, length - prefix, ',', 1, AUGMENT_MAX_SHIFT, 1, &a->shift, &count);
}

int augment_parse(struct augment *a, const char *name, const char *text) {
    *a = (struct augment){0};
    for (const char *item = text;; item++) {
        const size_t length = strcspn(item, ",");
        if (!read_item(a, item, length))
            return fail("%s: found '%s', wanted shift:N, flip, or both with ',' between them (N from 1 to %d)",
                        name, text, AUGMENT_MAX_SHIFT);
        item += length;
        if (*item == '\0')
            return 0;
    }
}

const char *augment_name(size_t i) {
    static const char *const names[] = {SHIFT, FLIP};
    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

const char *augment_text(const struct augment *a, char text[AUGMENT_TEXT]) {
    size_t used = 0;
    if (a->shift > 0)
        used = (size_t)snprintf(text, AUGMENT_TEXT, SHIFT "%zu", a->shift);
    if (a->flip)
        snprintf(text + used, AUGMENT_TEXT - used, "%s" FLIP, used > 0 ? "," : "");
    return text;
}

int augment_check(const struct augment *a, const struct shape *shape, const char *name) {
    char text[SHAPE_TEXT];
    if (!augment_changes(a))
        return 0;
    if (shape->rank < 2 || shape->rank > 3)
        return fail(
            "%s: items of shape %s, but --augment shifts or mirrors pictures, wanted pictures: HxW or HxWxC", name,
            shape_text(shape, text));
    if (a->shift >= shape->dim[0] || a->shift >= shape->dim[1])
        return fail("%s: items of shape %s, but --augment shifts them by up to %zu pixels, wanted fewer than they "
                    "have rows and columns",
                    name, shape_text(shape, text), a->shift);
    return 0;
}

/* Returns a whole number in [-most, most]. */
static ptrdiff_t draw_shift(size_t most, struct noise noise, uint64_t position) {
    noise.position = position;
    return (ptrdiff_t)noise_below(2 * most + 1, noise) - (ptrdiff_t)most;
}

struct change augment_draw(const struct augment *a, struct noise noise) {
    struct change change = {0};
    noise.purpose = PURPOSE_AUGMENT;
    if (a->shift > 0) {
        change.down = draw_shift(a->shift, noise, DOWN);
        change.right = draw_shift(a->shift, noise, RIGHT);
    }
    noise.position = MIRROR;
    change.flip = a->flip && noise_below(2, noise) == 1;
    return change;
}

/* Writes n times the pixel `from` of `bytes` bytes to `to`. Returns the end. */
static unsigned char *repeat(unsigned char *to, const unsigned char *from, size_t n, size_t bytes) {
    for (size_t i = 0; i < n; i++, to += bytes)
        memcpy(to, from, bytes);
    return to;
}

/* Writes n pixels to `to`, the first one from `from` and each other from the place before that of the last one. */
static unsigned char *reverse(unsigned char *to, const unsigned char *from, size_t n, size_t bytes) {
    for (size_t i = 0; bytes == 1 && i < n; i++)
        to[i] = from[-(ptrdiff_t)i];
    for (size_t i = 0; bytes > 1 && i < n; i++)
        memcpy(to + i * bytes, from - i * bytes, bytes);
    return to + n * bytes;
}

/* Writes a row of `width` pixels. */
static void change_row(const struct change *c, size_t width, size_t bytes, const unsigned char *from,
                       unsigned char *to) {
    const size_t before = c->right > 0 ? (size_t)c->right : 0, after = c->right < 0 ? (size_t)-c->right : 0,
                 kept = width - before - after;
    const unsigned char *last = from + (width - 1) * bytes;
    to = repeat(to, c->flip ? last : from, before, bytes);
    if (c->flip) {
        to = reverse(to, last - after * bytes, kept, bytes);
    } else {
        memcpy(to, from + after * bytes, kept * bytes);
        to += kept * bytes;
    }
    (void)repeat(to, c->flip ? from : last, after, bytes);
}

void augment_apply(const struct change *c, const struct image *image, size_t size, const unsigned char *from,
                   unsigned char *to) {
    const size_t bytes = image->channels * size, row = image->width * bytes;
    const ptrdiff_t last = (ptrdiff_t)image->height - 1;
    for (ptrdiff_t i = 0; i <= last; i++, to += row) {
        const ptrdiff_t source = i - c->down < 0 ? 0 : i - c->down > last ? last : i - c->down;
        change_row(c, image->width, bytes, from + (size_t)source * row, to);
    }
}
