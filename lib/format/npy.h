/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_NPY_H
#define FORMAT_NPY_H

#include "stream/raw.h"

/* NumPy's file of one array (.npy): a magic number, a version, a header, and the numbers. Versions 1 to 3 are read,
 * and version 1 is written. The array's first axis is the items, the others are the shape of one. */

struct npy_reader {
    struct input in;
    struct raw_frame frame; /* the whole array as one frame of a stream */
    bool swapped;           /* the file's numbers are big-endian */
    uint64_t left;          /* bytes that are not yet read */
};

/* Opens `path` (NULL or "-": stdin) and reads its header. 0, which needs npy_close, or -1 with nothing to be
 * closed. */
int npy_open(struct npy_reader *reader, const char *path) __attribute__((warn_unused_result));

/* Reads whole numbers of `bytes` bytes in the stream's form; `bytes` is at most `left`. 0, or -1 on error, also if
 * the file ends before. */
int npy_read(struct npy_reader *reader, void *to, size_t bytes) __attribute__((warn_unused_result));

/* 0 if the file ends after the array, -1 if bytes follow. */
int npy_end(struct npy_reader *reader) __attribute__((warn_unused_result));

void npy_close(struct npy_reader *reader);

/* Writes an array to standard output. Its header has the number of items, which a stream of several frames does not
 * tell at its beginning. A regular file therefore gets its header last. Elsewhere, as in a pipe, the items of one
 * frame are written at once, but for the last byte; those of several frames go to a temporary file first. In each
 * case no reader accepts what is there before npy_finish. */
struct npy_writer {
    struct output out;
    struct raw_frame array; /* its items are those of all frames so far */
    enum { NPY_BEFORE_ITEMS, NPY_HEADER_LAST, NPY_HEADER_FIRST, NPY_SPOOLED } mode;
    int temporary;       /* descriptor of the temporary file; -1: none */
    const char *spool;   /* its directory, for messages */
    uint64_t left;       /* NPY_HEADER_FIRST: bytes that are still to come */
    unsigned char held;  /* NPY_HEADER_FIRST: the array's last byte */
    long long beginning; /* NPY_HEADER_LAST: where the header goes */
};

/* Starts an array on standard output. Refuses a terminal. 0, which needs npy_writer_close, or -1. */
int npy_writer_start(struct npy_writer *writer) __attribute__((warn_unused_result));

/* Announces the items of a frame; they follow. All frames have the same dtype and shape. 0 or -1. */
int npy_write_frame(struct npy_writer *writer, const struct raw_frame *frame) __attribute__((warn_unused_result));

/* Writes a part of the items, at least one byte. 0 or -1. */
int npy_write(struct npy_writer *writer, const void *data, size_t bytes) __attribute__((warn_unused_result));

/* Ends the array, after the whole input has been checked. 0 or -1. */
int npy_finish(struct npy_writer *writer) __attribute__((warn_unused_result));

void npy_writer_close(struct npy_writer *writer);

#endif
