/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "format/npy.h"
#include "format/npy_header.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WANTED "a NumPy array (.npy)"
#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define START 10                     /* bytes of magic, version and length, of which version 1 has no more */
#define HEADER_MAX ((size_t)1 << 14) /* bytes of a header that are read */

/* Refuses a file by its first bytes, of which `have` were read to `start`. */
static int refuse_start(struct npy_reader *npy, unsigned char start[FOREIGN_BYTES], size_t have) {
    const ssize_t n = have < START ? 0 : input_read(&npy->in, start + START, FOREIGN_BYTES - START);
    if (n < 0)
        return -1;
    have += (size_t)n;
    if (have >= 4 && memcmp(start, "PK\3\4", 4) == 0)
        return fail("%s: looks like a zip archive, wanted " WANTED ": 'unzip -p FILE.npz NAME.npy | npy2raw' reads "
                    "one of a .npz file",
                    npy->in.name);
    if (memcmp(start, MAGIC, have < MAGIC_BYTES ? have : MAGIC_BYTES) == 0)
        return fail("%s: ended after %zu bytes of the header, wanted all of it", npy->in.name, have);
    if (foreign_refuse(npy->in.name, start, have, WANTED) < 0)
        return -1;
    return fail("%s: starts with bytes %02x %02x %02x %02x, wanted " WANTED, npy->in.name, start[0], start[1],
                start[2], start[3]);
}

/* Sets the header's length. Versions 2 and 3 have two more bytes of it than version 1. */
static int read_length(struct npy_reader *npy, const unsigned char start[START], size_t *length) {
    unsigned char more[2] = {0, 0};
    const unsigned major = start[6], minor = start[7];
    if (major < 1 || major > 3 || minor != 0)
        return fail("%s: has version %u.%u, wanted 1.0, 2.0 or 3.0", npy->in.name, major, minor);
    if (major > 1) {
        const ssize_t n = input_read(&npy->in, more, sizeof more);
        if (n < (ssize_t)sizeof more)
            return n < 0
                       ? -1
                       : fail("%s: ended after %zd bytes of the header, wanted all of it", npy->in.name, START + n);
    }
    *length = (size_t)start[8] | (size_t)start[9] << 8 | (size_t)more[0] << 16 | (size_t)more[1] << 24;
    return 0;
}

/* Reads and parses the header's text, of `length` bytes. */
static int read_text(struct npy_reader *npy, char *text, size_t length) {
    struct npy_header header;
    const size_t wanted = length < HEADER_MAX ? length : HEADER_MAX;
    const ssize_t n = input_read(&npy->in, text, wanted);
    if (n < 0)
        return -1;
    if ((size_t)n < wanted)
        return fail("%s: ended after %zd of %zu bytes of the header's text, wanted all of it", npy->in.name, n,
                    length);
    if (npy_header_parse(&header, text, wanted, length, npy->in.name) < 0 ||
        npy_header_to_frame(&header, &npy->frame, &npy->swapped, npy->in.name) < 0)
        return -1;
    npy->left = npy->frame.items * raw_item_bytes(&npy->frame);
    return 0;
}

static int read_header(struct npy_reader *npy) {
    unsigned char start[FOREIGN_BYTES] = {0};
    size_t length;
    const ssize_t n = input_read(&npy->in, start, START);
    if (n < 0)
        return -1;
    if (n == 0)
        return input_fail_empty(&npy->in, WANTED);
    if (n < START || memcmp(start, MAGIC, MAGIC_BYTES) != 0)
        return refuse_start(npy, start, (size_t)n);
    if (read_length(npy, start, &length) < 0)
        return -1;
    char *text = malloc(HEADER_MAX);
    const int result =
        text == NULL ? fail("%s: out of memory for its header", npy->in.name) : read_text(npy, text, length);
    free(text);
    return result;
}

int npy_open(struct npy_reader *npy, const char *path) {
    *npy = (struct npy_reader){.in = {.fd = -1}};
    if (input_open(&npy->in, path) < 0)
        return -1;
    if (read_header(npy) == 0)
        return 0;
    npy_close(npy);
    return -1;
}

static void swap(unsigned char *bytes, size_t size, size_t count) {
    uint32_t narrow;
    uint64_t wide;
    for (size_t i = 0; i < count; i++, bytes += size) {
        if (size == sizeof narrow) {
            memcpy(&narrow, bytes, sizeof narrow);
            narrow = __builtin_bswap32(narrow);
            memcpy(bytes, &narrow, sizeof narrow);
        } else {
            memcpy(&wide, bytes, sizeof wide);
            wide = __builtin_bswap64(wide);
            memcpy(bytes, &wide, sizeof wide);
        }
    }
}

int npy_read(struct npy_reader *npy, void *to, size_t bytes) {
    const size_t item = raw_item_bytes(&npy->frame), size = dtype_size(npy->frame.dtype);
    const ssize_t n = input_read(&npy->in, to, bytes);
    if (n < 0)
        return -1;
    npy->left -= (uint64_t)n;
    if ((size_t)n < bytes)
        return fail("%s: ended after %" PRIu64 " of %" PRIu64 " items, wanted all", npy->in.name,
                    npy->frame.items - (npy->left + item - 1) / item, npy->frame.items);
    if (npy->swapped)
        swap(to, size, bytes / size);
    return 0;
}

int npy_end(struct npy_reader *npy) {
    char byte;
    const ssize_t n = input_read(&npy->in, &byte, 1);
    if (n > 0)
        return fail("%s: bytes follow the %" PRIu64 " items that the header declares, wanted the end", npy->in.name,
                    npy->frame.items);
    return n < 0 ? -1 : 0;
}

void npy_close(struct npy_reader *npy) {
    input_close(&npy->in);
}
