/* SPDX-License-Identifier: MIT */
/* Pictures: the bits of the first byte choose the form of the items, the other bytes are a file. */
#include "fuzz.h"
#include "format/picture.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 500 /* pixels, no multiple of 8 */

struct room {
    uint16_t samples[CHUNK * PNM_PLANES_MAX];
    float elements[CHUNK * 3];
};

/* All of n elements of f32 are written, and are from 0 to 1. */
static void check_elements(const struct room *room, size_t n) {
    for (size_t i = 0; i < n; i++)
        fuzz_expect(room->elements[i] >= 0 && room->elements[i] <= 1);
}

/* Reads the picture's pixels. Returns the number of samples, which bytes of the file have held. */
static size_t read_pixels(struct pnm_reader *r, const struct picture_form *form, struct room *room) {
    const struct pnm_picture *p = &r->picture;
    size_t samples = 0;
    while (r->left > 0) {
        const size_t left = r->left / p->planes, n = left < CHUNK ? left : CHUNK;
        memset(room->elements, 0xff, sizeof room->elements); /* nan */
        if (picture_is_item(p, form)) {
            if (pnm_read_bytes(r, (unsigned char *)room->elements, n * p->planes) < 0)
                break;
        } else {
            if (pnm_read(r, room->samples, n * p->planes) < 0)
                break;
            for (size_t i = 0; i < n * p->planes; i++)
                fuzz_expect(room->samples[i] <= p->maxval);
            picture_convert(p, form, room->samples, n, room->elements);
        }
        if (form->dtype == DTYPE_F32)
            check_elements(room, n * picture_channels(form));
        samples += n * p->planes;
    }
    return samples;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pnm_reader reader;
    if (size < 1)
        return 0;
    const struct picture_form form = {
        .dtype = data[0] & 1 ? DTYPE_F32 : DTYPE_U8, .colour = (data[0] & 2) != 0, .background = {data[0], 255, 0}};
    struct room *room = malloc(sizeof *room);
    fuzz_expect(room != NULL);
    if (pnm_open(&reader, fuzz_file(data + 1, size - 1)) == 0) {
        size_t samples = 0;
        while (pnm_next(&reader) == 1) {
            const struct pnm_picture *p = &reader.picture;
            fuzz_expect(p->width >= 1 && p->height >= 1 && p->maxval >= 1 && p->maxval <= PNM_MAXVAL_MAX);
            fuzz_expect(p->planes == (p->colour ? 3u : 1u) + p->opacity);
            samples += read_pixels(&reader, &form, room);
            if (reader.left > 0)
                break;
        }
        fuzz_expect(samples <= 8 * size);
        pnm_close(&reader);
    }
    free(room);
    return 0;
}
