/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_IDX_H
#define FORMAT_IDX_H

#include "format/gunzip.h"
#include "stream/raw.h"

/* The IDX format of the MNIST files, plain or gzip: two zero bytes, a type, a rank, as many dimensions as
 * big-endian u32, then big-endian numbers. The first dimension is the number of items; a file of rank 1 (labels)
 * has items of one number.
 *
 *     IDX type    u8  i8   i16  i32  f32  f64
 *     stream      u8  i32  i32  i32  f32  f64 */
struct idx {
    struct gunzip gz;
    struct raw_frame frame; /* the whole file as one frame of a stream */
    size_t size;            /* bytes of a number in the file */
    uint64_t left;          /* numbers not yet read */
    unsigned char *numbers; /* room for a chunk of numbers in the file's form */
    unsigned char *skipped; /* room for a chunk in the stream's form, for idx_skip */
};

/* Opens `path` (NULL or "-": stdin) and reads its header. 0, which needs idx_close, or -1 with nothing to be
 * closed. */
int idx_open(struct idx *idx, const char *path) __attribute__((warn_unused_result));

/* Reads exactly n numbers into `to` in the stream's form (dtype_size(frame.dtype) bytes each); n is at most `left`.
 * 0, or -1 on error, also if the file ends before. */
int idx_read(struct idx *idx, void *to, size_t n) __attribute__((warn_unused_result));

/* Skips n numbers; n is at most `left`. 0 or -1, as for idx_read. */
int idx_skip(struct idx *idx, uint64_t n) __attribute__((warn_unused_result));

/* 0 if the file ends after the numbers that its header declares, -1 if bytes follow. */
int idx_end(struct idx *idx) __attribute__((warn_unused_result));

void idx_close(struct idx *idx);

#endif
