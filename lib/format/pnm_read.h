/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_PNM_READ_H
#define FORMAT_PNM_READ_H

#include "base/io.h"

#include <stdint.h>

/* Reads netpbm's pictures: PBM, PGM and PPM, plain (P1, P2, P3) and raw (P4, P5, P6), and PAM (P7). A file holds
 * one picture or several, one after the other, with white space between them or none. netpbm's pages allow one
 * picture in a plain file, and its programs read several: so does this reader. */

#define PNM_SIDE_MAX 2147483647 /* pixels of a row or a column */
#define PNM_MAXVAL_MAX 65535
#define PNM_PLANES_MAX 4

enum pnm_raster {
    PNM_PLAIN_BITS, /* 0 and 1 as text; 1 is black */
    PNM_PLAIN,      /* decimal numbers as text */
    PNM_BITS,       /* 8 to a byte, each row begins with a byte; 1 is black */
    PNM_RAW         /* a byte per sample, or two with the high one first if maxval is above 255 */
};

struct pnm_picture {
    size_t width, height;
    size_t planes;   /* samples per pixel, 1 to 4 */
    unsigned maxval; /* the largest sample, 1 to 65535; the smallest one, 0, is black */
    bool colour;     /* the first three planes are red, green and blue; else the first one is grey */
    bool opacity;    /* the last plane is the opacity: 0 is transparent */
    enum pnm_raster raster;
};

struct pnm_reader {
    struct input in;
    struct pnm_picture picture;
    uint64_t number;       /* of the picture in the input, from 1 on; 0 before the first one */
    uint64_t left;         /* samples of the picture that are still to be read */
    size_t column;         /* of the next sample of PNM_BITS */
    unsigned char bits;    /* the byte with that sample */
    unsigned char *buffer; /* owned */
    size_t at, have;       /* the bytes of the buffer that are still to be used */
    bool ended;
};

/* Opens `path` (NULL or "-": stdin). 0, or -1 with nothing to be closed. */
int pnm_open(struct pnm_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Reads the header of the next picture. The picture before it must have been read. 1, 0 at the end of the input,
 * which has a picture, or -1. */
int pnm_next(struct pnm_reader *reader) __attribute__((warn_unused_result));

/* Reads n samples, at most `left`, in the order of rows, pixels and planes. Samples of a PBM picture are 0 for
 * black and 1 for white. 0, or -1 on error, also if the input ends before or a sample is above maxval. */
int pnm_read(struct pnm_reader *reader, uint16_t *samples, size_t n) __attribute__((warn_unused_result));

/* True if the samples are bytes, of which 255 is the largest: pnm_read_bytes then does what pnm_read does. */
bool pnm_has_bytes(const struct pnm_picture *picture);
int pnm_read_bytes(struct pnm_reader *reader, unsigned char *samples, size_t n) __attribute__((warn_unused_result));

void pnm_close(struct pnm_reader *reader);

/* For headers (pnm_header.c) and rasters: the next byte, or one of these. */
enum { PNM_END = -1, PNM_FAILED = -2 };

/* Reads bytes into the buffer, all of whose bytes are used. 1, PNM_END or PNM_FAILED. */
int pnm_refill(struct pnm_reader *reader);

static inline int pnm_take(struct pnm_reader *reader) {
    const int more = reader->at < reader->have ? 1 : pnm_refill(reader);
    return more < 0 ? more : reader->buffer[reader->at++];
}

/* The next byte, in which a comment is the line end that ends it, as netpbm reads it. */
int pnm_take_uncommented(struct pnm_reader *reader);

/* True for the characters that isspace has in the C locale. */
static inline bool pnm_is_space(int c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads the header after 'P' and `digit`, sets reader->picture, and checks it. 0 or -1. */
int pnm_read_header(struct pnm_reader *reader, int digit) __attribute__((warn_unused_result));

#endif
