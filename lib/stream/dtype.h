/* SPDX-License-Identifier: MIT */
#ifndef STREAM_DTYPE_H
#define STREAM_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The types of a stream's numbers, little-endian. */
enum dtype { DTYPE_U8, DTYPE_I32, DTYPE_F32, DTYPE_F64, DTYPES };

/* "u8", "i32", "f32", "f64". */
const char *dtype_name(enum dtype dtype);

/* The type of that name (not terminated, `length` bytes), -1 if there is none. */
int dtype_find(const char *name, size_t length);

/* Whether its numbers are floating-point ones, which may be NaN. */
bool dtype_is_real(enum dtype dtype);

/* Bytes of one number. */
size_t dtype_size(enum dtype dtype);

/* n numbers from their bytes (at any alignment) to real ones: u8 stands for value/255, the others for
 * themselves. */
void dtype_to_float(enum dtype dtype, const void *from, float *to, size_t n);

/* One number as it is, u8 not scaled. */
double dtype_value(enum dtype dtype, const void *from);

#endif
