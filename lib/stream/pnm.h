/* SPDX-License-Identifier: MIT */
#ifndef STREAM_PNM_H
#define STREAM_PNM_H

#include "base/io.h"
#include "stream/dataset.h"

/* A data set of images (HxW, HxWx1 or HxWx3) as one tiled picture, PGM or PPM (netpbm's P5 and P6), of
 * `columns` tiles a row (0: the squarest grid) with `pad` black pixels between them. u8 as it is; real numbers
 * in [0,1] as the nearest of 256 levels, those outside clipped; NaN is refused, and i32, and other shapes. */
int pnm_write_grid(const struct output *out, const struct dataset *images, size_t columns, size_t pad)
    __attribute__((warn_unused_result));

#endif
