/* SPDX-License-Identifier: MIT */
#include "layer/image.h"

#include <stdio.h>

const char *image_text(const struct image *image, char text[IMAGE_TEXT]) {
    if (image_positions(image) == 1)
        snprintf(text, IMAGE_TEXT, "%zu", image->channels);
    else
        snprintf(text, IMAGE_TEXT, "%zux%zux%zu", image->height, image->width, image->channels);
    return text;
}

bool image_equal(const struct image *a, const struct image *b) {
    return a->height == b->height && a->width == b->width && a->channels == b->channels;
}
