/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H

#include "base/noise.h"
#include "nn/net.h"
#include "stream/shape.h"

/* Random changes of the training items, which are pictures: shifts by whole pixels, and mirror images. */
struct augment {
    size_t shift; /* the greatest shift, in pixels; 0: none */
    bool flip;    /* mirrors half of the items, left to right */
};

#define AUGMENT_MAX_SHIFT 65535
#define AUGMENT_TEXT 32

/* Returns whether items are changed at all. */
static inline bool augment_changes(const struct augment *augment) {
    return augment->shift > 0 || augment->flip;
}

/* Parses a list such as "shift:2,flip". 0, or -1 with a message that begins with `name`. */
int augment_parse(struct augment *augment, const char *name, const char *text) __attribute__((warn_unused_result));

/* Returns the i-th change as the list names it, with ':' if a number follows. NULL after the last one. */
const char *augment_name(size_t i);

/* Writes the canonical text of the list to `text`, and returns it. */
const char *augment_text(const struct augment *augment, char text[AUGMENT_TEXT]);

/* Checks that items of this shape can be changed so. 0, or -1 with a message that begins with `name`. */
int augment_check(const struct augment *augment, const struct shape *shape, const char *name)
    __attribute__((warn_unused_result));

/* The change of one item: it is mirrored, and then moved down and to the right, by less than its size. */
struct change {
    bool flip;
    ptrdiff_t down, right;
};

/* Draws a change. `noise` has the seed and the item; its purpose and position are set here. */
struct change augment_draw(const struct augment *augment, struct noise noise);

/* Writes the changed picture `from` to `to`, both [height, width, channels] in elements of `size` bytes. A pixel
 * that comes from outside the picture is the nearest one of its edge. */
void augment_apply(const struct change *change, const struct image *image, size_t size, const unsigned char *from,
                   unsigned char *to);

#endif
