/* SPDX-License-Identifier: MIT */
#include "stream/foreign.h"

#include "base/error.h"

#include <string.h>

#define MAGIC(text) text, sizeof(text) - 1

static const struct foreign formats[] = {
    {MAGIC("raw1 "), "a stream, see vae-raw(5)"},
    {MAGIC("\x1f\x8b"), "gzip data", "idx2raw reads an IDX file in it, and gzip -d unpacks any other",
     .unpack = "gunzip -c"},
    {MAGIC("\x89PNG"), "a PNG picture", "pngtopnm FILE | pnm2raw makes one of it", "pngtopnm"},
    {MAGIC("\xff\xd8\xff"), "a JPEG picture", "jpegtopnm FILE | pnm2raw makes one of it", "jpegtopnm"},
    {MAGIC("GIF8"), "a GIF picture", "giftopnm FILE | pnm2raw makes one of it", "giftopnm"},
    {MAGIC("II*\0"), "a TIFF picture", "tifftopnm FILE | pnm2raw makes one of it", "tifftopnm"},
    {MAGIC("MM\0*"), "a TIFF picture", "tifftopnm FILE | pnm2raw makes one of it", "tifftopnm"},
    {MAGIC("\x93NUMPY"), "a NumPy array (.npy)", "npy2raw makes one of it, or says how to convert it"},
    {MAGIC("PK\3\4"), "a zip archive, as NumPy's .npz and PyTorch's .pt are"},
    {MAGIC("PK\5\6"), "an empty zip archive"},
    {MAGIC("\x80\2"), "a Python pickle, as old files of PyTorch are"},
    {MAGIC("\x80\3"), "a Python pickle"},
    {MAGIC("\x80\4"), "a Python pickle"},
    {MAGIC("\x80\5"), "a Python pickle"},
    {MAGIC("\x89HDF\r\n\x1a\n"), "an HDF5 file"},
    {MAGIC("\xfd\x37zXZ"), "xz data", .unpack = "xz -dc"},
    {MAGIC("BZh91AY&SY"), "bzip2 data", .unpack = "bzip2 -dc"},
    {MAGIC("\x28\xb5\x2f\xfd"), "zstd data", .unpack = "zstd -dc"},
    {MAGIC("PAR1"), "a Parquet file"},
    {MAGIC("MATLAB"), "a MATLAB file"},
    {MAGIC("%%MatrixMarket"), "a MatrixMarket matrix", "mtx2raw makes one of a sparse matrix"},
    {MAGIC("%PDF-"), "a PDF document"},
    {MAGIC("<?xml"), "an XML document"},
};

static const struct foreign idx = {.name = "an IDX file", .advice = "idx2raw makes one of it"},
                            model = {.name = "a model file or a checkpoint"}, html = {.name = "an HTML page"},
                            json = {.name = "JSON text"},
                            text = {.name = "text, as a CSV table is",
                                    .advice = "csv2raw makes one of a table, and text2raw of lines"},
                            utf16 = {.name = "UTF-16 text, as Windows programs write"};

#define PICTURE(format) \
    { .name = "a " format " picture", .advice = "pnm2raw makes one of it" }

static const struct foreign pictures[] = {PICTURE("PBM"), PICTURE("PGM"), PICTURE("PPM"), PICTURE("PBM"),
                                          PICTURE("PGM"), PICTURE("PPM"), PICTURE("PAM")};

static bool is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool begins(const unsigned char *start, size_t size, const char *magic, size_t length) {
    return size >= length && memcmp(start, magic, length) == 0;
}

/* PNM and PAM: "P1" to "P7" and a space. */
static const struct foreign *find_picture(const unsigned char *start, size_t size) {
    const bool found = size >= 3 && start[0] == 'P' && start[1] >= '1' && start[1] <= '7' && is_space(start[2]);
    return found ? &pictures[start[1] - '1'] : NULL;
}

/* IDX: two zeros, a type and a rank. A model file or a checkpoint: a length below 2^32 and a JSON object. */
static const struct foreign *find_own(const unsigned char *start, size_t size) {
    if (size >= 4 && start[0] == 0 && start[1] == 0 && start[2] >= 0x08 && start[2] <= 0x0e && start[3] >= 1 &&
        start[3] <= 8)
        return &idx;
    return size >= 9 && memcmp(start + 4, "\0\0\0\0{", 5) == 0 ? &model : NULL;
}

/* Whether the bytes are UTF-8 without control characters. The last character may be incomplete. */
static bool is_text(const unsigned char *start, size_t size) {
    unsigned follow = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = start[i];
        if (follow > 0 ? (c & 0xc0) != 0x80
                       : (c < 0x20 && !is_space(c)) || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4)
            return false;
        follow = follow > 0 ? follow - 1 : c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    }
    return size > 0;
}

/* Whether the bytes begin with a tag of an HTML page, in upper or lower case; bit 5 makes a letter lower case. */
static bool is_html(const unsigned char *start, size_t size) {
    static const char *const names[] = {"!doc", "html", "head", "body"};
    if (size < 5 || start[0] != '<')
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t same = 0;
        while (same < 4 && (start[1 + same] | 0x20) == names[i][same])
            same++;
        if (same == 4)
            return true;
    }
    return false;
}

/* Whether the bytes begin with UTF-16's byte order mark and an ASCII character. A model file may begin with
 * the same bytes, and is found before. */
static bool is_utf16(const unsigned char *start, size_t size) {
    if (size < 4)
        return false;
    const bool little = start[0] == 0xff && start[1] == 0xfe, big = start[0] == 0xfe && start[1] == 0xff;
    const unsigned char low = start[little ? 2 : 3], high = start[little ? 3 : 2];
    return (little || big) && high == 0 && low >= ' ' && low < 0x7f;
}

static const struct foreign *find_text(const unsigned char *start, size_t size) {
    size_t first = 0;
    if (is_utf16(start, size))
        return &utf16;
    if (!is_text(start, size))
        return NULL;
    if (begins(start, size, "\xef\xbb\xbf", 3)) /* a byte order mark */
        first = 3;
    while (first < size && is_space(start[first]))
        first++;
    if (is_html(start + first, size - first))
        return &html;
    return first < size && (start[first] == '{' || start[first] == '[') ? &json : &text;
}

const struct foreign *foreign_find(const void *start, size_t size) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (begins(start, size, formats[i].magic, formats[i].length))
            return &formats[i];
    const struct foreign *found = find_picture(start, size);
    if (found == NULL)
        found = find_own(start, size);
    return found == NULL ? find_text(start, size) : found;
}

int foreign_refuse(const char *name, const void *start, size_t size, const char *wanted) {
    const struct foreign *found = foreign_find(start, size);
    return found == NULL ? 0 : fail("%s: looks like %s, wanted %s", name, found->name, wanted);
}

bool foreign_is_binary(const void *start, size_t size) {
    const unsigned char *bytes = start;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < ' ' && !is_space(bytes[i]))
            return true;
    return false;
}
