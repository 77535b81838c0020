/* SPDX-License-Identifier: MIT */
#include "base/number.h"

#include "base/error.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Accepts digits only; strtoull would also accept blanks, signs and hexadecimal numbers. */
bool read_digits(const char *text, size_t length, uint64_t *value) {
    uint64_t v = 0;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
            return false;
    }
    *value = v;
    return true;
}

int parse_whole(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value) {
    uint64_t v;
    if (!read_digits(text, strlen(text), &v) || v < min || v > max)
        return fail("%s: found '%s', wanted a whole number from %" PRIu64 " to %" PRIu64, name, text, min, max);
    *value = v;
    return 0;
}

int parse_bytes(const char *name, const char *text, size_t *bytes) {
    static const char units[] = "KMGT";
    const size_t digits = strspn(text, "0123456789"), most = (size_t)1 << 48;
    const char *unit = text[digits] == '\0' ? NULL : strchr(units, text[digits]);
    const size_t shift = unit == NULL ? 0 : 10 * (size_t)(unit - units + 1);
    uint64_t number;
    if ((text[digits] != '\0' && (unit == NULL || text[digits + 1] != '\0')) ||
        !read_digits(text, digits, &number) || number < 1 || number > most >> shift)
        return fail("%s: found '%s', wanted a number of bytes, such as 500000, 64M or 2G", name, text);
    *bytes = (size_t)number << shift;
    return 0;
}

/* Returns whether the text is that of v, or of a float that is v. */
static bool reads_as(const char *text, double v) {
    const double back = strtod(text, NULL);
    if (back == v || isnan(v))
        return true;
    return fabs(v) < FLT_MAX && fabs(back) < FLT_MAX && (double)(float)back == v;
}

const char *real_text(double value, char text[REAL_TEXT]) {
    int digits = 6;
    do
        snprintf(text, REAL_TEXT, "%.*g", digits++, value);
    while (digits <= 17 && !reads_as(text, value));
    return text;
}

int parse_real(const char *name, const char *text, double min, double max, double *value) {
    char *end, least[REAL_TEXT], greatest[REAL_TEXT];
    double v = strtod(text, &end);
    bool decimal = text[0] != '\0' && strspn(text, "0123456789+-.eE") == strlen(text);
    if (!decimal || *end != '\0' || !isfinite(v) || v < min || v > max)
        return fail("%s: found '%s', wanted a number from %s to %s", name, text, real_text(min, least),
                    real_text(max, greatest));
    *value = v;
    return 0;
}

bool read_list(const char *text, size_t length, char separator, size_t min, size_t max, size_t capacity,
               size_t *values, size_t *count) {
    const char *const all = text + length;
    size_t n = 0;
    for (const char *p = text;; p++) {
        const char *found = memchr(p, separator, (size_t)(all - p)), *end = found == NULL ? all : found;
        uint64_t v;
        if (n == capacity || !read_digits(p, (size_t)(end - p), &v) || v < min || v > max)
            return false;
        values[n++] = (size_t)v;
        p = end;
        if (p == all)
            break;
    }
    *count = n;
    return true;
}

int parse_list(const char *name, const char *text, char separator, size_t min, size_t max, size_t capacity,
               size_t *values, size_t *count) {
    return read_list(text, strlen(text), separator, min, max, capacity, values, count)
               ? 0
               : fail("%s: found '%s', wanted 1 to %zu whole numbers from %zu to %zu with '%c' between them", name,
                      text, capacity, min, max, separator);
}

double unsigned_nan(double x) {
    return isnan(x) ? (double)NAN : x;
}

bool multiply(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

int parse_name(const char *what, const char *name, const void *table, size_t count, size_t stride) {
    char names[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const char *entry;
        memcpy(&entry, (const char *)table + i * stride, sizeof entry);
        if (strcmp(name, entry) == 0)
            return (int)i;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ", entry);
    }
    return fail("%s: found '%s', wanted one of %s", what, name, names);
}
