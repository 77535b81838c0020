/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MANTISSA_DIGITS 19      /* digits that an uint64_t always holds */
#define EXACT_POWER 22          /* the largest power of ten that is exact as a double */
#define EXPONENT_MAX 1000000000 /* larger ones may be mistaken for others: no text has as many digits */

/* A text as significand * 10^exponent. Digits that the significand has no room for are left out; it is then too
 * large to be exact, and the C library reads the text. */
struct parts {
    uint64_t significand;
    long exponent;
    bool negative;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Adds a digit to the significand, or leaves it out if that has all digits that it can hold. Leading zeros cost no
 * digit. Returns the digits that it has now. */
static unsigned add_digit(struct parts *p, unsigned digits, char c, bool fraction) {
    if (digits == MANTISSA_DIGITS)
        return digits;
    p->significand = p->significand * 10 + (uint64_t)(c - '0');
    p->exponent -= fraction ? 1 : 0;
    return digits + (p->significand > 0 ? 1 : 0);
}

/* Reads what follows the 'e'. False if it is no exponent. */
static bool read_exponent(struct parts *p, const char *text, const char *end) {
    const bool negative = text < end && *text == '-';
    long exponent = 0;
    if (text < end && (*text == '-' || *text == '+'))
        text++;
    if (text == end)
        return false;
    for (; text < end; text++) {
        if (!is_digit(*text))
            return false;
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*text - '0');
    }
    p->exponent += negative ? -exponent : exponent;
    return true;
}

/* False if the text is not a decimal number. */
static bool split(struct parts *p, const char *text, size_t length) {
    const char *end = text + length;
    unsigned digits = 0;
    bool any = false;
    *p = (struct parts){.negative = length > 0 && *text == '-'};
    if (length > 0 && (*text == '-' || *text == '+'))
        text++;
    for (; text < end && is_digit(*text); text++, any = true)
        digits = add_digit(p, digits, *text, false);
    if (text < end && *text == '.')
        for (text++; text < end && is_digit(*text); text++, any = true)
            digits = add_digit(p, digits, *text, true);
    if (any && text < end && (*text == 'e' || *text == 'E'))
        return read_exponent(p, text + 1, end);
    return any && text == end;
}

/* Reads "inf", "infinity" and "nan", with an optional sign. */
static enum decimal read_special(const char *text, size_t length, double *value) {
    const bool negative = length > 0 && *text == '-';
    if (length > 0 && (*text == '-' || *text == '+')) {
        text++;
        length--;
    }
    if (length == 3 && strncasecmp(text, "nan", 3) == 0)
        *value = NAN;
    else if ((length == 3 && strncasecmp(text, "inf", 3) == 0) ||
             (length == 8 && strncasecmp(text, "infinity", 8) == 0))
        *value = negative ? -(double)INFINITY : (double)INFINITY;
    else
        return DECIMAL_NONE;
    return DECIMAL_NUMBER;
}

/* True if significand and power of ten are both exact as doubles, as no significand is that leaves digits out: a
 * product or a quotient of the two is then rounded once (W. D. Clinger, How to Read Floating Point Numbers
 * Accurately, 1990). */
static bool is_exact(const struct parts *p) {
    return p->significand <= (uint64_t)1 << 53 && labs(p->exponent) <= EXACT_POWER;
}

static double exact_value(const struct parts *p) {
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const double s = (double)p->significand;
    const double v = p->exponent < 0 ? s / powers[-p->exponent] : s * powers[p->exponent];
    return p->negative ? -v : v;
}

enum decimal decimal_read(const char *text, size_t length, double *value) {
    struct parts p;
    if (!split(&p, text, length))
        return read_special(text, length, value);
    *value = is_exact(&p) ? exact_value(&p) : strtod(text, NULL);
    return isfinite(*value) ? DECIMAL_NUMBER : DECIMAL_LARGE;
}

/* True if the double is just between two floats: rounding the text to a double may have made it so. */
static bool is_between_floats(double value, float nearest) {
    const double rest = value - (double)nearest;
    if (rest == 0)
        return false;
    const float next = nextafterf(nearest, rest > 0 ? INFINITY : -INFINITY);
    return (double)next - value == rest;
}

enum decimal decimal_read_float(const char *text, size_t length, float *value) {
    double nearest;
    const enum decimal result = decimal_read(text, length, &nearest);
    if (result != DECIMAL_NUMBER)
        return result;
    *value = (float)nearest;
    if (isfinite(nearest) && (isinf(*value) || is_between_floats(nearest, *value)))
        *value = strtof(text, NULL);
    return isfinite(nearest) && isinf(*value) ? DECIMAL_LARGE : DECIMAL_NUMBER;
}
