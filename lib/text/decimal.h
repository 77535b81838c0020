/* SPDX-License-Identifier: MIT */
#ifndef TEXT_DECIMAL_H
#define TEXT_DECIMAL_H

#include "stream/dtype.h"

#include <stddef.h>

/* Numbers as decimal text. The decimal point is '.' in every locale. */

/* The result of reading a text: a number; no number; a number that is finite and too large for the type. */
enum decimal { DECIMAL_NUMBER, DECIMAL_NONE, DECIMAL_LARGE };

/* Reads a number: decimal digits with an optional sign, point and exponent, or "inf", "infinity" or "nan" in upper
 * or lower case. `length` bytes, and the byte after them is 0 or a blank. Sets *value to the nearest double. */
enum decimal decimal_read(const char *text, size_t length, double *value);

/* The same for the nearest float. It is not always the float nearest to the double. */
enum decimal decimal_read_float(const char *text, size_t length, float *value);

/* Reads a number of that type and writes it to `to`, at any alignment. The nearest number of the type is written;
 * of u8 and i32, a number that is not whole counts as too large. */
enum decimal decimal_store(enum dtype dtype, const char *text, size_t length, unsigned char *to);

/* What is wanted in place of a number that is too large for the type: "a number below ...". */
const char *decimal_wanted(enum dtype dtype);

#define DECIMAL_DIGITS 17 /* significant digits that are enough for every double */
#define DECIMAL_TEXT 32   /* bytes for any number as text, including the final 0 */

/* Writes a number with at most `digits` significant digits, correctly rounded, without trailing zeros; or, if
 * `digits` is 0, the shortest text that reads back as the same number. Numbers from 1e-5 to below 1e16 are written
 * without an exponent. NaN is "nan", infinities are "inf" and "-inf". Returns the length. Not for several threads.
 */
size_t decimal_write(char text[DECIMAL_TEXT], double value, size_t digits);

/* The same for a float: the shortest text is shorter than that of the double of the same value. */
size_t decimal_write_float(char text[DECIMAL_TEXT], float value, size_t digits);

#endif
