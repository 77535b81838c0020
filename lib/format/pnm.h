/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_PNM_H
#define FORMAT_PNM_H

#include "base/io.h"
#include "stream/dataset.h"

/* Writes images (HxW, HxWx1 or HxWx3) as PGM or PPM (netpbm's P5 and P6). u8 is written as it is. Real numbers are
 * clamped to [0,1] and rounded to the nearest of 256 levels. Refuses NaN, i32, other shapes, and a stream without
 * items. */

/* What the real numbers were that have been written. */
struct pnm_numbers {
    const char *name; /* of the stream */
    uint64_t count;
    uint64_t clamped; /* those farther outside [0,1] than rounding moves a number */
    double least, greatest;
};

/* Writes the images as one tiled picture, with `columns` tiles per row (0: the least number whose square holds all
 * images) and `pad` black pixels between tiles. 0 or -1. */
int pnm_write_grid(const struct output *out, const struct dataset *images, size_t columns, size_t pad,
                   struct pnm_numbers *numbers) __attribute__((warn_unused_result));

/* Writes each image of a stream as a picture, one after the other, in constant memory. The pictures of a frame are
 * written when it has been read. If the input turns out to be wrong, the output ends inside a picture. 0 or -1. */
int pnm_write_items(const struct output *out, struct raw_reader *images, struct pnm_numbers *numbers)
    __attribute__((warn_unused_result));

#endif
