/* SPDX-License-Identifier: MIT */
#include "format/idx.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RANK (SHAPE_MAX_RANK + 1)
#define CHUNK 8192 /* numbers converted at a time */
#define CHUNK_BYTES ((size_t)CHUNK * 8)

static const struct idx_type {
    unsigned char code;
    size_t size;
    enum dtype dtype;
} types[] = {
    {0x08, 1, DTYPE_U8},  {0x09, 1, DTYPE_I32}, {0x0b, 2, DTYPE_I32},
    {0x0c, 4, DTYPE_I32}, {0x0d, 4, DTYPE_F32}, {0x0e, 8, DTYPE_F64},
};

static const struct idx_type *find_type(unsigned char code) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code)
            return &types[i];
    return NULL;
}

static int read_exactly(struct idx *idx, void *to, size_t size, const char *what) {
    ssize_t n = gunzip_read(&idx->gz, to, size);
    if (n >= 0 && (size_t)n < size)
        return fail("%s: ended in %s, wanted all of it", idx->gz.in.name, what);
    return n < 0 ? -1 : 0;
}

/* The first dimension is the items, the others their shape. */
static int read_dimensions(struct idx *idx, unsigned rank) {
    unsigned char bytes[4 * MAX_RANK];
    struct shape *shape = &idx->frame.shape;
    size_t numbers = 1, elements = 1;
    if (read_exactly(idx, bytes, 4 * (size_t)rank, "the header's dimensions") < 0)
        return -1;
    *shape = shape_vector(1);
    for (unsigned i = 0; i < rank; i++) {
        const unsigned char *b = bytes + 4 * i;
        const size_t n = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (i == 0) {
            idx->frame.items = n;
        } else {
            if (n == 0)
                return fail("%s: dimension %u is 0, wanted at least 1", idx->gz.in.name, i + 1);
            shape->dim[i - 1] = n;
            shape->rank = i;
        }
        if ((i > 0 && (!multiply(elements, n, &elements) || elements > SHAPE_MAX_ELEMENTS)) ||
            !multiply(numbers, n, &numbers) || numbers > INT64_MAX / 8)
            return fail("%s: the dimensions' product is too large, wanted a file that can exist", idx->gz.in.name);
    }
    idx->left = numbers;
    return 0;
}

/* Refuses a file by its magic number, of which `have` bytes were read to `start`, and the bytes that follow it. */
static int refuse_magic(struct idx *idx, unsigned char start[FOREIGN_BYTES], size_t have) {
    const ssize_t n = have < 4 ? 0 : gunzip_read(&idx->gz, start + 4, FOREIGN_BYTES - 4);
    const bool is_idx = have == 4 && start[0] == 0 && start[1] == 0; /* with a wrong type or rank */
    if (n < 0)
        return -1;
    if (!is_idx && foreign_refuse(idx->gz.in.name, start, have + (size_t)n, "an IDX file, plain or gzip") < 0)
        return -1;
    if (have < 4)
        return fail("%s: ended after %zu bytes of its magic number, wanted 4", idx->gz.in.name, have);
    return fail("%s: magic number %02x%02x%02x%02x, wanted IDX: 0000, a type of 08 09 0b 0c 0d 0e, a rank of "
                "01 to %02x",
                idx->gz.in.name, start[0], start[1], start[2], start[3], MAX_RANK);
}

static int read_header(struct idx *idx) {
    unsigned char magic[FOREIGN_BYTES];
    ssize_t n = gunzip_read(&idx->gz, magic, 4);
    if (n < 0)
        return -1;
    if (n == 0)
        return input_fail_empty(&idx->gz.in, "an IDX file");
    if (n < 4)
        return refuse_magic(idx, magic, (size_t)n);
    const struct idx_type *type = find_type(magic[2]);
    if (magic[0] != 0 || magic[1] != 0 || type == NULL || magic[3] < 1 || magic[3] > MAX_RANK)
        return refuse_magic(idx, magic, 4);
    idx->frame.dtype = type->dtype;
    idx->frame.last = true;
    idx->size = type->size;
    return read_dimensions(idx, magic[3]);
}

int idx_open(struct idx *idx, const char *path) {
    *idx = (struct idx){.gz = {.in = {.fd = -1}}};
    if (gunzip_open(&idx->gz, path) < 0)
        return -1;
    idx->numbers = malloc(2 * CHUNK_BYTES);
    if (idx->numbers == NULL) {
        (void)fail("%s: out of memory", idx->gz.in.name);
        idx_close(idx);
        return -1;
    }
    idx->skipped = idx->numbers + CHUNK_BYTES;
    if (read_header(idx) < 0) {
        idx_close(idx);
        return -1;
    }
    return 0;
}

/* n big-endian numbers of 1 or 2 bytes become i32, those of 4 and 8 keep their type. */
static void convert(const unsigned char *from, size_t size, size_t n, unsigned char *to) {
    for (size_t i = 0; i < n; i++, from += size) {
        if (size <= 2) {
            // NOLINTNEXTLINE(clang-analyzer-core.*): they have been read
            const int32_t value = size == 1 ? (int8_t)from[0] : (int16_t)(from[0] << 8 | from[1]);
            memcpy(to + 4 * i, &value, 4);
        } else {
            for (size_t b = 0; b < size; b++)
                to[size * i + b] = from[size - 1 - b];
        }
    }
}

int idx_read(struct idx *idx, void *to, size_t n) {
    unsigned char *raw = idx->numbers, *out = to;
    const size_t item = shape_elements(&idx->frame.shape);
    while (n > 0) {
        const size_t some = n < CHUNK ? n : CHUNK;
        ssize_t got = gunzip_read(&idx->gz, idx->frame.dtype == DTYPE_U8 ? out : raw, some * idx->size);
        if (got < 0)
            return -1;
        if ((size_t)got < some * idx->size)
            return fail("%s: ended after %" PRIu64 " of %" PRIu64 " items, wanted all", idx->gz.in.name,
                        idx->frame.items - (idx->left - (uint64_t)got / idx->size + item - 1) / item,
                        idx->frame.items);
        if (idx->frame.dtype != DTYPE_U8)
            convert(raw, idx->size, some, out);
        out += some * dtype_size(idx->frame.dtype);
        idx->left -= some;
        n -= some;
    }
    return 0;
}

int idx_skip(struct idx *idx, uint64_t n) {
    while (n > 0) {
        const size_t some = n < CHUNK ? (size_t)n : CHUNK;
        if (idx_read(idx, idx->skipped, some) < 0)
            return -1;
        n -= some;
    }
    return 0;
}

int idx_end(struct idx *idx) {
    char byte;
    ssize_t n = gunzip_read(&idx->gz, &byte, 1);
    if (n > 0)
        return fail("%s: bytes follow the %" PRIu64 " items that the header declares, wanted the end",
                    idx->gz.in.name, idx->frame.items);
    return n < 0 ? -1 : 0;
}

void idx_close(struct idx *idx) {
    free(idx->numbers);
    idx->numbers = NULL;
    gunzip_close(&idx->gz);
}
