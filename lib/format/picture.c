/* SPDX-License-Identifier: MIT */
#include "format/picture.h"

/* The luminance of ITU-R BT.601 in thousandths, as ppmtopgm of netpbm documents it. For 8 bits ppmtopgm itself sums
 * approximations and rounds down; this is the formula. */
#define RED 299
#define GREEN 587
#define BLUE 114
#define WHITE 1000 /* their sum */

size_t picture_channels(const struct picture_form *form) {
    return form->colour ? 3 : 1;
}

bool picture_is_item(const struct pnm_picture *p, const struct picture_form *form) {
    return form->dtype == DTYPE_U8 && pnm_has_bytes(p) && p->planes == picture_channels(form);
}

bool picture_is_rounded(const struct pnm_picture *p, const struct picture_form *form) {
    return form->dtype == DTYPE_U8 && 255 % p->maxval != 0;
}

/* Scales samples to elements. */
static void scale(const struct pnm_picture *p, enum dtype dtype, const uint16_t *samples, size_t n, void *to) {
    unsigned char *bytes = to;
    float *floats = to;
    const unsigned maxval = p->maxval;
    if (dtype == DTYPE_F32)
        for (size_t i = 0; i < n; i++)
            floats[i] = (float)samples[i] / (float)maxval;
    else if (255 % maxval == 0)
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(samples[i] * (255 / maxval));
    else
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(255.0 * samples[i] / maxval + 0.5);
}

/* Writes each of n elements three times, from the last one on: the first n of them are where all go. */
static void repeat(enum dtype dtype, size_t n, void *to) {
    unsigned char *bytes = to;
    float *floats = to;
    while (n-- > 0)
        for (size_t i = 0; i < 3; i++)
            if (dtype == DTYPE_U8)
                bytes[3 * n + i] = bytes[n];
            else
                floats[3 * n + i] = floats[n];
}

/* An element of a colour, in thousandths: its luminance, or one of red, green and blue. */
static uint64_t weigh(const struct picture_form *form, size_t channel, uint64_t red, uint64_t green,
                      uint64_t blue) {
    if (!form->colour)
        return RED * red + GREEN * green + BLUE * blue;
    return WHITE * (channel == 0 ? red : channel == 1 ? green : blue);
}

/* The element of a pixel, from 0 to 255. The numerator is below 2^53 and so exact, and the quotient is a half of a
 * level only if the exact one is. */
static double element(const struct pnm_picture *p, const struct picture_form *form, const uint16_t *pixel,
                      size_t channel) {
    const unsigned char *b = form->background;
    const uint64_t maxval = p->maxval, opacity = p->opacity ? pixel[p->planes - 1] : maxval;
    const uint64_t front = weigh(form, channel, pixel[0], pixel[p->colour ? 1 : 0], pixel[p->colour ? 2 : 0]),
                   back = weigh(form, channel, b[0], b[1], b[2]);
    return (double)(255 * opacity * front + (maxval - opacity) * maxval * back) / (double)(WHITE * maxval * maxval);
}

void picture_convert(const struct pnm_picture *p, const struct picture_form *form, const uint16_t *samples,
                     size_t n, void *to) {
    const size_t channels = picture_channels(form);
    unsigned char *bytes = to;
    float *floats = to;
    if (!p->opacity && (form->colour || !p->colour)) {
        scale(p, form->dtype, samples, n * p->planes, to);
        if (p->planes < channels)
            repeat(form->dtype, n, to);
        return;
    }
    for (size_t i = 0; i < n; i++, samples += p->planes)
        for (size_t channel = 0; channel < channels; channel++) {
            const double value = element(p, form, samples, channel);
            if (form->dtype == DTYPE_U8)
                *bytes++ = (unsigned char)(value + 0.5);
            else
                *floats++ = (float)(value / 255);
        }
}
