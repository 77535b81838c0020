/* SPDX-License-Identifier: MIT */
#ifndef LAYER_IMAGE_H
#define LAYER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

/* The shape of a layer's row: a picture, channels last. A vector of n numbers is a picture of one position with n
 * channels. */
struct image {
    size_t height, width, channels;
};

static inline size_t image_positions(const struct image *image) {
    return image->height * image->width;
}

static inline size_t image_size(const struct image *image) {
    return image_positions(image) * image->channels;
}

/* Writes the shape to `text`, and returns it: "14x14x32", or "256" for a picture of one position. */
#define IMAGE_TEXT 64
const char *image_text(const struct image *image, char text[IMAGE_TEXT]);

bool image_equal(const struct image *a, const struct image *b);

#endif
