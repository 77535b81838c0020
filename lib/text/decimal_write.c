/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The shortest text is found as by R. Giulietti, The Schubfach way to render doubles (2020). */

#define POWER_MIN (-292) /* powers of ten that doubles need */
#define POWER_MAX 324
#define LIMBS 40 /* of 32 bits: 2^1248 / 10^292 still has more than 128 bits, and 10^324 fits */

/* The powers of ten, each scaled by a power of two to [2^127, 2^128) and rounded up. */
static struct {
    bool made;
    unsigned __int128 of[POWER_MAX - POWER_MIN + 1];
} powers;

struct big {
    uint32_t limb[LIMBS]; /* the lowest first */
};

/* The highest 128 bits, the first of which is set; `rest` is true if any other bit is set. */
static unsigned __int128 high_bits(const struct big *b, bool *rest) {
    int top = LIMBS - 1;
    while (b->limb[top] == 0)
        top--;
    const int shift = __builtin_clz(b->limb[top]);
    unsigned __int128 bits = 0;
    for (int i = 0; i < 4; i++)
        bits = bits << 32 | (top - i >= 0 ? b->limb[top - i] : 0);
    const uint32_t next = top >= 4 ? b->limb[top - 4] : 0;
    if (shift > 0)
        bits = bits << shift | next >> (32 - shift);
    *rest = (next << shift) != 0;
    for (int i = top - 5; i >= 0; i--)
        *rest = *rest || b->limb[i] != 0;
    return bits;
}

static void multiply_by_ten(struct big *b) {
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)b->limb[i] * 10;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Rounds down: several divisions, too, give the quotient by the product, rounded down. */
static void divide_by_ten(struct big *b) {
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
}

static void make_powers(void) {
    struct big up = {{1}}, down = {{0}};
    bool rest;
    down.limb[LIMBS - 1] = 1;
    for (int k = 0; k <= POWER_MAX; k++, multiply_by_ten(&up)) {
        const unsigned __int128 bits = high_bits(&up, &rest);
        powers.of[k - POWER_MIN] = bits + (rest ? 1 : 0);
    }
    for (int k = -1; k >= POWER_MIN; k--) {
        divide_by_ten(&down);
        powers.of[k - POWER_MIN] = high_bits(&down, &rest) + 1; /* no such power is a sum of powers of two */
    }
    powers.made = true;
}

/* digits * 10^exponent */
struct decimal_number {
    uint64_t digits;
    int exponent;
};

/* floor(log2(10^e)) */
static int log2_of_power(int e) {
    return (e * 1741647) >> 19;
}

/* The highest 64 bits of g * c, of 192 bits; the last one is set if any bit below is set, but for an error of g. */
static uint64_t round_to_odd(unsigned __int128 g, uint64_t c) {
    const unsigned __int128 low = (unsigned __int128)(uint64_t)g * c;
    const unsigned __int128 high = (unsigned __int128)(uint64_t)(g >> 64) * c + (low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal that reads back as c * 2^q, and of these the nearest one. `narrow`: the number below is only
 * half as far away as the one above. */
static struct decimal_number shortest(uint64_t c, int q, bool narrow) {
    const int k = (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
    const int h = q + log2_of_power(-k) + 1;
    const unsigned __int128 g = powers.of[-k - POWER_MIN];
    const uint64_t below = round_to_odd(g, (4 * c - 2 + narrow) << h), value = round_to_odd(g, (4 * c) << h),
                   above = round_to_odd(g, (4 * c + 2) << h);
    const uint64_t odd = c & 1, lower = below + odd, upper = above - odd; /* a tie is read as the even one */
    const uint64_t s = value / 4;
    if (s >= 10) {
        const uint64_t t = s / 10;
        const bool down = lower <= 40 * t, up = 40 * t + 40 <= upper;
        if (down != up)
            return (struct decimal_number){t + up, k + 1};
    }
    const bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up)
        return (struct decimal_number){s + up, k};
    const uint64_t middle = 4 * s + 2;
    return (struct decimal_number){s + (value > middle || (value == middle && (s & 1) != 0)), k};
}

/* Of the bits of a positive finite number: `bits` of them are its fraction, and `exponent` is the exponent's field.
 */
static struct decimal_number shortest_of(uint64_t fraction, int exponent, int bits, int bias) {
    const bool normal = exponent > 0;
    const uint64_t c = fraction | (normal ? (uint64_t)1 << bits : 0);
    const int q = (normal ? exponent : 1) - bias - bits;
    if (!powers.made)
        make_powers();
    if (q <= 0 && q > -64 && (c & (((uint64_t)1 << -q) - 1)) == 0)
        return (struct decimal_number){c >> -q, 0}; /* a whole number */
    return shortest(c, q, fraction == 0 && exponent > 1);
}

/* Writes the digits; returns their number, without trailing zeros, which go to the exponent. */
static int write_digits(char digits[24], struct decimal_number *n) {
    char reversed[24] = "";
    int count = 0;
    while (n->digits % 10 == 0) {
        n->digits /= 10;
        n->exponent++;
    }
    for (uint64_t rest = n->digits; rest > 0; rest /= 10)
        reversed[count++] = (char)('0' + rest % 10);
    for (int i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

/* Rounds the number to `wanted` digits. The shortest decimal gives the right result, unless it is just between two:
 * then the value decides, which is below, above or at that place. */
static void round_digits(struct decimal_number *n, int count, int wanted, double value) {
    uint64_t unit = 1;
    for (int i = wanted; i < count; i++)
        unit *= 10;
    const uint64_t rest = n->digits % unit;
    n->exponent += count - wanted;
    n->digits = n->digits / unit + (rest > unit / 2);
    if (rest == unit / 2) {
        char text[DECIMAL_TEXT];
        const int length = snprintf(text, sizeof text, "%.*e", wanted - 1, value);
        /* The last digit before the exponent is that of the rounded number. */
        const char last = text[strcspn(text, "e") - 1];
        n->digits += length > 0 && (uint64_t)(last - '0') != n->digits % 10;
    }
}

static char *put(char *to, const char *digits, int count) {
    memcpy(to, digits, (size_t)count);
    return to + count;
}

static char *put_zeros(char *to, int count) {
    memset(to, '0', (size_t)count);
    return to + count;
}

/* Writes the digits, the first of which stands for that multiple of 10^first, with a point or with an exponent. */
static char *lay_out(char *to, const char *digits, int count, int first) {
    if (first < -5 || first > 15) {
        to = put(to, digits, 1);
        if (count > 1)
            to = put(put(to, ".", 1), digits + 1, count - 1);
        return to + snprintf(to, 8, "e%d", first);
    }
    if (first < 0)
        return put(put_zeros(put(to, "0.", 2), -first - 1), digits, count);
    if (count <= first + 1)
        return put_zeros(put(to, digits, count), first + 1 - count);
    return put(put(put(to, digits, first + 1), ".", 1), digits + first + 1, count - first - 1);
}

/* Writes what is no finite number, or zero, which has no first digit. */
static size_t write_special(char text[DECIMAL_TEXT], double value) {
    const char *sign = !isnan(value) && signbit(value) ? "-" : "";
    return (size_t)snprintf(text, DECIMAL_TEXT, "%s%s", sign, isnan(value) ? "nan" : isinf(value) ? "inf" : "0");
}

static size_t write_number(char text[DECIMAL_TEXT], struct decimal_number n, double value, size_t wanted) {
    char digits[24], *to = text;
    int count = write_digits(digits, &n);
    if (wanted > 0 && count > (int)wanted) {
        round_digits(&n, count, (int)wanted, fabs(value));
        count = write_digits(digits, &n);
    }
    if (value < 0)
        to = put(to, "-", 1);
    to = lay_out(to, digits, count, count + n.exponent - 1);
    *to = '\0';
    return (size_t)(to - text);
}

size_t decimal_write(char text[DECIMAL_TEXT], double value, size_t digits) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!isfinite(value) || value == 0)
        return write_special(text, value);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    return write_number(text, shortest_of(fraction, (int)(bits >> 52 & 0x7ff), 52, 1023), value, digits);
}

size_t decimal_write_float(char text[DECIMAL_TEXT], float value, size_t digits) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!isfinite(value) || value == 0)
        return write_special(text, (double)value);
    const uint64_t fraction = bits & (((uint32_t)1 << 23) - 1);
    return write_number(text, shortest_of(fraction, (int)(bits >> 23 & 0xff), 23, 127), (double)value, digits);
}
