/* SPDX-License-Identifier: MIT */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers from outside: the whole text must be a number in range. `name` begins the message of a failure, such as
 * "--epochs: found 'ten', wanted a whole number from 1 to 1000". The functions that parse numbers return 0 or -1.
 */

/* A whole decimal number in [min, max]. */
int parse_whole(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Sets *value to the whole decimal number that `length` characters are; false if they are none. */
bool read_digits(const char *text, size_t length, uint64_t *value);

/* A finite decimal number in [min, max]. */
int parse_real(const char *name, const char *text, double min, double max, double *value);

/* A number of bytes in [1, 2^48], such as "500000", "64K", "64M", "2G" or "1T", in powers of 1024. */
int parse_bytes(const char *name, const char *text, size_t *bytes);

/* Writes a number to `text`, which it returns, for a message: with 6 digits, or with as many as tell it from all
 * other numbers, or from all other floats if it is one. */
#define REAL_TEXT 32
const char *real_text(double value, char text[REAL_TEXT]);

/* Returns x, but NaN without a sign, which printf shows as "-nan". */
double unsigned_nan(double x);

/* Whole numbers in [min, max], separated by `separator` ("400,200", "28x28"), at most `capacity` of them. */
int parse_list(const char *name, const char *text, char separator, size_t min, size_t max, size_t capacity,
               size_t *values, size_t *count);

/* The same of the first `length` characters of a text, without a message: whether they are such a list. */
bool read_list(const char *text, size_t length, char separator, size_t min, size_t max, size_t capacity,
               size_t *values, size_t *count);

static inline size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Returns n / each, rounded up. */
static inline size_t divide_up(size_t n, size_t each) {
    return (n + each - 1) / each;
}

/* Sets *product to a * b; false if it does not fit. */
bool multiply(size_t a, size_t b, size_t *product);

/* Returns the position of `name` among `count` names, each the first member of a table entry of `stride` bytes. If
 * it is none of them, returns -1 with a message that lists them all and begins with `what`. */
int parse_name(const char *what, const char *name, const void *table, size_t count, size_t stride);

#endif
