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

/* Returns the name of the i-th type, NULL after the last one. */
const char *dtype_nth(size_t i);

/* The type with that name (`length` bytes, not terminated); -1 if there is none. */
int dtype_find(const char *name, size_t length);

/* Parses the name of a type to an enum dtype. 0, or -1 with a message that begins with `name`. */
int dtype_parse(void *dtype, const char *name, const char *text);

/* True for a floating-point type, whose numbers may be NaN. */
bool dtype_is_real(enum dtype dtype);

/* Bytes of one number. */
size_t dtype_size(enum dtype dtype);

/* Converts n numbers, at any alignment, to float. u8 is divided by 255; other types keep their values. */
void dtype_to_float(enum dtype dtype, const void *from, float *to, size_t n);

/* The value of one number, at any alignment. u8 is not divided by 255. */
double dtype_value(enum dtype dtype, const void *from);

#endif
