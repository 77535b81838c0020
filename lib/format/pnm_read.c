/* SPDX-License-Identifier: MIT */
#include "format/pnm_read.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER ((size_t)1 << 18)
#define CHUNK 4096 /* bytes of a raster that are converted at a time */
#define WANTED "a PBM, PGM, PPM or PAM picture"

int pnm_open(struct pnm_reader *r, const char *path) {
    *r = (struct pnm_reader){.at = 0};
    if (input_open(&r->in, path) < 0)
        return -1;
    r->buffer = malloc(BUFFER);
    if (r->buffer != NULL)
        return 0;
    input_close(&r->in);
    return fail("%s: out of memory for its pictures", r->in.name);
}

void pnm_close(struct pnm_reader *r) {
    input_close(&r->in);
    free(r->buffer);
    r->buffer = NULL;
}

/* Reads more bytes after those that are there. 1, PNM_END or PNM_FAILED. */
static int read_more(struct pnm_reader *r) {
    if (r->ended)
        return PNM_END;
    const ssize_t n = input_read_some(&r->in, r->buffer + r->have, BUFFER - r->have);
    if (n < 0)
        return PNM_FAILED;
    r->have += (size_t)n;
    r->ended = n == 0;
    return r->ended ? PNM_END : 1;
}

int pnm_refill(struct pnm_reader *r) {
    r->at = r->have = 0;
    return read_more(r);
}

int pnm_take_uncommented(struct pnm_reader *r) {
    int c = pnm_take(r);
    if (c == '#')
        do
            c = pnm_take(r);
        while (c >= 0 && c != '\n' && c != '\r');
    return c;
}

/* Refuses the first bytes of the input, which are no picture. */
static int refuse_start(struct pnm_reader *r) {
    while (r->have - r->at < FOREIGN_BYTES && !r->ended)
        if (read_more(r) == PNM_FAILED)
            return -1;
    const unsigned char *start = r->buffer + r->at;
    const size_t size = r->have - r->at;
    const struct foreign *found = foreign_find(start, size);
    if (found == NULL)
        return fail("%s: starts with byte %02x, wanted " WANTED ": P and a digit from 1 to 7", r->in.name, *start);
    if (found->netpbm != NULL)
        return fail("%s: looks like %s, wanted " WANTED ": %s makes one of it", r->in.name, found->name,
                    found->netpbm);
    if (found->unpack != NULL)
        return fail("%s: looks like %s, wanted " WANTED ": '%s FILE | pnm2raw' reads pictures in it", r->in.name,
                    found->name, found->unpack);
    return fail("%s: looks like %s, wanted " WANTED, r->in.name, found->name);
}

/* Reads 'P', a digit, and white space or the beginning of a comment, which is not used up. Returns the digit, or
 * -1. */
static int read_magic(struct pnm_reader *r) {
    while (r->have - r->at < 3 && !r->ended)
        if (read_more(r) == PNM_FAILED)
            return -1;
    const unsigned char *start = r->buffer + r->at;
    const size_t size = r->have - r->at;
    const bool known = *start == 'P' && (size < 2 || (start[1] >= '1' && start[1] <= '7')) &&
                       (size < 3 || pnm_is_space(start[2]) || start[2] == '#');
    if (!known)
        return r->number == 1 ? refuse_start(r)
                              : fail("%s: bytes that are no picture follow picture %" PRIu64
                                     ", wanted another picture or the end",
                                     r->in.name, r->number - 1);
    if (size < 3)
        return fail("%s: picture %" PRIu64 ": ended in its header, wanted all of it", r->in.name, r->number);
    r->at += 2;
    return start[1];
}

/* Skips white space between pictures, and comments after plain ones, and makes room for the bytes that are enough
 * to recognise a format. 1, PNM_END or PNM_FAILED. */
static int find_next(struct pnm_reader *r) {
    const bool plain = r->number > 0 && r->picture.raster <= PNM_PLAIN;
    int c;
    do
        c = plain ? pnm_take_uncommented(r) : pnm_take(r);
    while (r->number > 0 && pnm_is_space(c));
    if (c < 0)
        return c;
    r->at--;
    if (BUFFER - r->at < FOREIGN_BYTES) {
        memmove(r->buffer, r->buffer + r->at, r->have - r->at);
        r->have -= r->at;
        r->at = 0;
    }
    return 1;
}

int pnm_next(struct pnm_reader *r) {
    const int more = find_next(r);
    if (more == PNM_FAILED)
        return -1;
    if (more == PNM_END)
        return r->number > 0 ? 0 : input_fail_empty(&r->in, WANTED);
    r->number++;
    const int digit = read_magic(r);
    if (digit < 0 || pnm_read_header(r, digit) < 0)
        return -1;
    r->left = (uint64_t)r->picture.width * r->picture.height * r->picture.planes; /* below 2^64 */
    return 1;
}

static uint64_t samples_read(const struct pnm_reader *r) {
    return (uint64_t)r->picture.width * r->picture.height * r->picture.planes - r->left;
}

/* Sets the message for a raster that ends before its time, or keeps that of a failed read. Returns -1. */
static int refuse_end(const struct pnm_reader *r, int end) {
    if (end == PNM_FAILED)
        return -1;
    const uint64_t done = samples_read(r);
    return fail("%s: picture %" PRIu64 ": ended after %" PRIu64 " of %" PRIu64 " samples, wanted all", r->in.name,
                r->number, done, done + r->left);
}

/* Refuses the sample that `ahead` samples precede among those that are still to be counted. */
static int refuse_sample(const struct pnm_reader *r, size_t ahead) {
    const uint64_t pixel = (samples_read(r) + ahead) / r->picture.planes;
    return fail("%s: picture %" PRIu64 ": row %" PRIu64 ", column %" PRIu64
                ": found a sample above %u, wanted at most this maxval of its header",
                r->in.name, r->number, pixel / r->picture.width + 1, pixel % r->picture.width + 1,
                r->picture.maxval);
}

static int refuse_text(const struct pnm_reader *r, int c) {
    const uint64_t pixel = samples_read(r) / r->picture.planes;
    const char text[] = {(char)c, '\0'};
    return fail("%s: picture %" PRIu64 ": row %" PRIu64 ", column %" PRIu64 ": found '%s', wanted %s", r->in.name,
                r->number, pixel / r->picture.width + 1, pixel % r->picture.width + 1, c == 0 ? "\\x00" : text,
                r->picture.raster == PNM_PLAIN ? "a whole number" : "0 or 1");
}

/* Copies at most `size` bytes, fewer only at the end of the input. Returns their number, or -1. */
static ssize_t copy(struct pnm_reader *r, unsigned char *to, size_t size) {
    size_t done = 0;
    while (done < size) {
        if (r->at == r->have) {
            const int more = pnm_refill(r);
            if (more == PNM_FAILED)
                return -1;
            if (more == PNM_END)
                break;
        }
        const size_t n = smaller(size - done, r->have - r->at);
        memcpy(to + done, r->buffer + r->at, n);
        r->at += n;
        done += n;
    }
    return (ssize_t)done;
}

/* Counts the samples that are read, of which there are fewer than `wanted` if the input has ended. 0 or -1. */
static int count(struct pnm_reader *r, ssize_t bytes, size_t wanted, size_t sample_bytes) {
    if (bytes < 0)
        return -1;
    r->left -= (size_t)bytes / sample_bytes;
    return (size_t)bytes < wanted * sample_bytes ? refuse_end(r, PNM_END) : 0;
}

bool pnm_has_bytes(const struct pnm_picture *p) {
    return p->raster == PNM_RAW && p->maxval == 255;
}

int pnm_read_bytes(struct pnm_reader *r, unsigned char *samples, size_t n) {
    return count(r, copy(r, samples, n), n, 1);
}

/* Refuses samples above maxval. */
static int check(const struct pnm_reader *r, const uint16_t *samples, size_t n) {
    unsigned largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = samples[i] > largest ? samples[i] : largest;
    if (largest <= r->picture.maxval)
        return 0;
    size_t first = 0;
    while (samples[first] <= r->picture.maxval)
        first++;
    return refuse_sample(r, first);
}

static int read_raw(struct pnm_reader *r, uint16_t *to, size_t n) {
    unsigned char bytes[CHUNK];
    const size_t size = r->picture.maxval > 255 ? 2 : 1;
    while (n > 0) {
        const size_t some = smaller(n, CHUNK / size);
        const ssize_t got = copy(r, bytes, some * size);
        const size_t whole = got < 0 ? 0 : (size_t)got / size;
        if (size == 1)
            for (size_t i = 0; i < whole; i++)
                to[i] = bytes[i];
        else
            for (size_t i = 0; i < whole; i++)
                to[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
        if (check(r, to, whole) < 0 || count(r, got, some, size) < 0)
            return -1;
        to += some;
        n -= some;
    }
    return 0;
}

/* Four bits as samples, 1 for a bit that is 0, the highest one first: in the lowest 16 bits of a word. */
#define FOUR(b)                                                                                      \
    ((uint64_t)(~(b) >> 3 & 1) | (uint64_t)(~(b) >> 2 & 1) << 16 | (uint64_t)(~(b) >> 1 & 1) << 32 | \
     (uint64_t)(~(b)&1) << 48)

static void expand(unsigned char byte, uint16_t samples[8]) {
    static const uint64_t four[16] = {FOUR(0u),  FOUR(1u),  FOUR(2u),  FOUR(3u), FOUR(4u),  FOUR(5u),
                                      FOUR(6u),  FOUR(7u),  FOUR(8u),  FOUR(9u), FOUR(10u), FOUR(11u),
                                      FOUR(12u), FOUR(13u), FOUR(14u), FOUR(15u)};
    memcpy(samples, &four[byte >> 4], sizeof *four);
    memcpy(samples + 4, &four[byte & 15], sizeof *four);
}

/* Reads n samples, at most 8 CHUNK, of a row of PNM_BITS from the beginning of a byte on: those of whole bytes, or
 * all to the row's end. */
static int read_octets(struct pnm_reader *r, uint16_t *to, size_t n) {
    unsigned char bytes[CHUNK];
    uint16_t last[8];
    const size_t octets = (n + 7) / 8;
    const ssize_t got = copy(r, bytes, octets);
    if (got < 0)
        return -1;
    r->left -= smaller(8 * (size_t)got, n);
    if ((size_t)got < octets)
        return refuse_end(r, PNM_END);
    for (size_t i = 0; i < n / 8; i++)
        expand(bytes[i], to + 8 * i);
    expand(bytes[octets - 1], last);
    for (size_t i = 0; i < n % 8; i++)
        to[n / 8 * 8 + i] = last[i];
    return 0;
}

/* Reads n samples of one byte of PNM_BITS, from the row's column on. */
static int read_octet_part(struct pnm_reader *r, uint16_t *to, size_t n) {
    uint16_t samples[8];
    const size_t first = r->column % 8;
    if (first == 0) {
        const int byte = pnm_take(r);
        if (byte < 0)
            return refuse_end(r, byte);
        r->bits = (unsigned char)byte;
    }
    expand(r->bits, samples);
    memcpy(to, samples + first, n * sizeof *to);
    r->left -= n;
    return 0;
}

static int read_bits(struct pnm_reader *r, uint16_t *to, size_t n) {
    while (n > 0) {
        const size_t in_row = smaller(n, r->picture.width - r->column),
                     whole = in_row == r->picture.width - r->column ? in_row : in_row / 8 * 8;
        const bool octets = r->column % 8 == 0 && whole > 0;
        const size_t some = octets ? smaller(whole, (size_t)8 * CHUNK) : smaller(in_row, 8 - r->column % 8);
        if ((octets ? read_octets(r, to, some) : read_octet_part(r, to, some)) < 0)
            return -1;
        r->column = r->column + some == r->picture.width ? 0 : r->column + some;
        to += some;
        n -= some;
    }
    return 0;
}

static int read_plain_bits(struct pnm_reader *r, uint16_t *to, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int c;
        do
            c = pnm_take_uncommented(r);
        while (pnm_is_space(c));
        if (c < 0)
            return refuse_end(r, c);
        if (c != '0' && c != '1')
            return refuse_text(r, c);
        to[i] = (uint16_t)('1' - c);
        r->left--;
    }
    return 0;
}

/* Reads numbers and the character that ends each; the last one may be ended by the end of the input. */
static int read_plain(struct pnm_reader *r, uint16_t *to, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        int c;
        do
            c = pnm_take_uncommented(r);
        while (pnm_is_space(c));
        if (c < 0)
            return refuse_end(r, c);
        do {
            if (c < '0' || c > '9')
                return refuse_text(r, c);
            value = 10 * value + (unsigned)(c - '0');
            if (value > r->picture.maxval)
                return refuse_sample(r, 0);
            c = pnm_take_uncommented(r);
        } while (c >= 0 && !pnm_is_space(c));
        if (c == PNM_FAILED)
            return -1;
        to[i] = (uint16_t)value;
        r->left--;
    }
    return 0;
}

int pnm_read(struct pnm_reader *r, uint16_t *samples, size_t n) {
    switch (r->picture.raster) {
    case PNM_PLAIN_BITS:
        return read_plain_bits(r, samples, n);
    case PNM_PLAIN:
        return read_plain(r, samples, n);
    case PNM_BITS:
        return read_bits(r, samples, n);
    default:
        return read_raw(r, samples, n);
    }
}
