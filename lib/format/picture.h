/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_PICTURE_H
#define FORMAT_PICTURE_H

#include "format/pnm_read.h"
#include "stream/dtype.h"

/* Turns the samples of pictures into the elements of items: u8 from 0 to 255, or f32 from 0 to 1. */
struct picture_form {
    enum dtype dtype;            /* DTYPE_U8 or DTYPE_F32 */
    bool colour;                 /* three elements per pixel: red, green, blue; else one: grey */
    unsigned char background[3]; /* red, green and blue, which transparent pixels show */
};

/* Elements of a pixel: 1 or 3. */
size_t picture_channels(const struct picture_form *form);

/* True if an item's elements are the samples themselves, as pnm_read_bytes reads them. */
bool picture_is_item(const struct pnm_picture *picture, const struct picture_form *form);

/* True if the levels of the picture's samples are none of those that u8 has, and are rounded. */
bool picture_is_rounded(const struct pnm_picture *picture, const struct picture_form *form);

/* Converts n pixels of the picture. Each element is rounded once from the exact value: the sample divided by
 * maxval; of a pixel that is partly transparent, its mean with the background, weighted by the opacity; of a colour
 * that becomes grey, 0.299 red + 0.587 green + 0.114 blue. */
void picture_convert(const struct pnm_picture *picture, const struct picture_form *form, const uint16_t *samples,
                     size_t n, void *to);

#endif
