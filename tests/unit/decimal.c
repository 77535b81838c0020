/* SPDX-License-Identifier: MIT */
/* Numbers as text and back, compared with the C library's. */
#include "text/decimal.h"
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 200000

static uint64_t state = 1;

static uint64_t draw(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state ^ state >> 29) * 0xbf58476d1ce4e5b9u;
}

/* All bit patterns, and numbers that a table has: a few digits after the point. */
static double draw_double(int i) {
    const uint64_t bits = draw();
    double value;
    memcpy(&value, &bits, sizeof value);
    if (i % 3 == 1)
        return (double)(int64_t)(bits >> 40) / 1000 - 5000;
    return i % 3 == 2 ? ldexp((double)(bits >> 11), -60) : value;
}

static float draw_float(int i) {
    const uint32_t bits = (uint32_t)(draw() >> 32);
    float value;
    memcpy(&value, &bits, sizeof value);
    return i % 2 == 0 ? value : (float)(bits >> 12) / 256.0f;
}

static const double edges[] = {0.0,
                               -0.0,
                               0x1p-1074,
                               0x1p-1022,
                               0x1.fffffffffffffp1023,
                               1e22,
                               1e23,
                               9e15,
                               0x1p53,
                               0x1p63,
                               0x1p64,
                               0x1p-1,
                               0.1,
                               0.3,
                               1e16,
                               1e15,
                               1e-5,
                               1e-6,
                               123456789012345680.0,
                               5e-324,
                               2.5e-323,
                               0x1p-44,
                               0x1p89,
                               0x1p107,
                               9007199254740993.0};

#define EDGES ((int)(sizeof edges / sizeof *edges))

static size_t digits_of(const char *text) {
    size_t count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            count++;
            zeros = *text == '0' ? zeros + 1 : 0;
        }
    return count - zeros;
}

static void expect_back(double value) {
    char text[DECIMAL_TEXT], other[40];
    double again;
    const size_t length = decimal_write(text, value, 0);
    EXPECT(length == strlen(text), "%zu of '%s'", length, text);
    if (!isfinite(value))
        return;
    const double library = strtod(text, NULL);
    EXPECT(memcmp(&library, &value, sizeof value) == 0, "%.17g as '%s'", value, text);
    EXPECT(decimal_read(text, length, &again) == DECIMAL_NUMBER && memcmp(&again, &value, sizeof value) == 0,
           "'%s' is read as %.17g", text, again);
    const size_t digits = digits_of(text);
    snprintf(other, sizeof other, "%.*e", digits > 1 ? (int)digits - 2 : 0, value);
    EXPECT(digits <= 1 || strtod(other, NULL) != value, "'%s' is longer than '%s'", text, other);
    /* Of the texts of that length it is the nearest one, if that reads back. */
    snprintf(other, sizeof other, "%.*e", digits > 0 ? (int)digits - 1 : 0, value);
    EXPECT(strtod(other, NULL) != value || strtold(other, NULL) == strtold(text, NULL), "'%s' is not '%s'", text,
           other);
}

/* The number below a power of two is nearer than the one above. */
static void doubles_read_back(void) {
    for (int i = 0; i < EDGES; i++)
        expect_back(edges[i]);
    for (int i = -1074; i < 1024; i++) {
        expect_back(ldexp(1, i));
        expect_back(nextafter(ldexp(1, i), 0));
    }
    for (int i = 0; i < DRAWS; i++)
        expect_back(draw_double(i));
}

static void floats_read_back(void) {
    for (int i = 0; i < DRAWS; i++) {
        const float value = draw_float(i);
        char text[DECIMAL_TEXT], other[40];
        float again;
        const size_t length = decimal_write_float(text, value, 0);
        if (!isfinite(value))
            continue;
        const float library = strtof(text, NULL);
        EXPECT(memcmp(&library, &value, sizeof value) == 0, "%.9g as '%s'", (double)value, text);
        EXPECT(decimal_read_float(text, length, &again) == DECIMAL_NUMBER &&
                   memcmp(&again, &value, sizeof value) == 0,
               "'%s' is read as %.9g", text, (double)again);
        const size_t digits = digits_of(text);
        EXPECT(digits <= 9, "'%s'", text);
        snprintf(other, sizeof other, "%.*e", digits > 1 ? (int)digits - 2 : 0, (double)value);
        EXPECT(digits <= 1 || strtof(other, NULL) != value, "'%s' is longer than '%s'", text, other);
    }
}

/* Also those that are just between two texts: 0.125 to two digits. */
static void digits_are_those_of_printf(void) {
    for (int i = 0; i < DRAWS; i++) {
        const double value = i % 5 == 4 ? (double)(draw() >> 52) / 64 : draw_double(i);
        const size_t digits = 1 + (size_t)(draw() >> 40) % 15;
        char text[DECIMAL_TEXT], other[40];
        if (!isfinite(value))
            continue;
        decimal_write(text, value, digits);
        snprintf(other, sizeof other, "%.*e", (int)digits - 1, value);
        EXPECT(strtod(text, NULL) == strtod(other, NULL), "%zu digits of %.17g: '%s', wanted '%s'", digits, value,
               text, other);
        EXPECT(digits_of(text) <= digits, "'%s' has more than %zu digits", text, digits);
    }
}

/* Digits more than a double has, up to texts just above or below the middle between two floats. */
static void texts_are_read_as_the_library_reads_them(void) {
    for (int i = 0; i < DRAWS; i++) {
        const double value = draw_double(i);
        char text[64];
        double read;
        float narrow;
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%+.*e", (int)(draw() >> 40) % 30, value);
        EXPECT(decimal_read(text, strlen(text), &read) == DECIMAL_NUMBER || isinf(strtod(text, NULL)), "'%s'",
               text);
        EXPECT(read == strtod(text, NULL), "'%s' is read as %.17g", text, read);
        const float f = draw_float(0);
        if (!isfinite(f) || !isfinite(nextafterf(f, INFINITY)))
            continue;
        snprintf(text, sizeof text, "%.*e", 15 + (int)(draw() >> 40) % 20,
                 ((double)f + (double)nextafterf(f, INFINITY)) / 2);
        EXPECT(decimal_read_float(text, strlen(text), &narrow) == DECIMAL_NUMBER && narrow == strtof(text, NULL),
               "'%s' is read as %.9g", text, (double)narrow);
    }
}

static void expect(const char *text, enum decimal wanted, double value) {
    double found = 0;
    const enum decimal result = decimal_read(text, strlen(text), &found);
    EXPECT(result == wanted, "'%s': %d", text, (int)result);
    EXPECT(wanted != DECIMAL_NUMBER || found == value || (isnan(found) && isnan(value)), "'%s': %g", text, found);
}

/* A number of 100,001 zeros after the point and a 1, with an exponent. */
static void expect_far(const char *exponent, enum decimal wanted, double value) {
    static char text[100032] = "0.";
    memset(text + 2, '0', 100001);
    snprintf(text + 100003, sizeof text - 100003, "1e%s", exponent);
    expect(text, wanted, value);
}

static void what_is_a_number(void) {
    static const char *const none[] = {"",     "+",    "-",   ".",    "-.",  "e5",   ".e5", "1e",    "1e+",   "1 2",
                                       "0x10", "1,5",  "1..", "1.2.", "--1", "+-1",  "1f",  "infin", "nan()", "in",
                                       "1e5.", "1e5e", "NA",  "0b1",  "1_0", "1e 5", "−1",  "١"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect(none[i], DECIMAL_NONE, 0);
    expect("1", DECIMAL_NUMBER, 1);
    expect("1.", DECIMAL_NUMBER, 1);
    expect(".5", DECIMAL_NUMBER, 0.5);
    expect("+1e+2", DECIMAL_NUMBER, 100);
    expect("-1E-2", DECIMAL_NUMBER, -0.01);
    expect("007", DECIMAL_NUMBER, 7);
    expect("00000000000000000000000000000000001", DECIMAL_NUMBER, 1);
    expect("0.000000000000000000000000000000000000001", DECIMAL_NUMBER, 1e-39);
    expect("100000000000000000000000000000000000000", DECIMAL_NUMBER, 1e38);
    expect("Inf", DECIMAL_NUMBER, INFINITY);
    expect("-INFINITY", DECIMAL_NUMBER, -(double)INFINITY);
    expect("nan", DECIMAL_NUMBER, NAN);
    expect("-NaN", DECIMAL_NUMBER, NAN);
    expect("1e308", DECIMAL_NUMBER, 1e308);
    expect("1e309", DECIMAL_LARGE, 0);
    expect("-1e99999999999999999999", DECIMAL_LARGE, 0);
    expect("1e-99999999999999999999", DECIMAL_NUMBER, 0);
    expect("0e99999999999999999999", DECIMAL_NUMBER, 0);
    expect_far("1000001", DECIMAL_LARGE, 0);
    expect_far("100002", DECIMAL_NUMBER, 1);
    expect_far("-1000001", DECIMAL_NUMBER, 0);
    float narrow = 0;
    EXPECT(decimal_read_float("1e39", 4, &narrow) == DECIMAL_LARGE, "%g", (double)narrow);
    EXPECT(decimal_read_float("1e309", 5, &narrow) == DECIMAL_LARGE, "%g", (double)narrow);
    EXPECT(decimal_read_float("inf", 3, &narrow) == DECIMAL_NUMBER && isinf(narrow), "%g", (double)narrow);
    EXPECT(decimal_read_float("3.4028235e38", 12, &narrow) == DECIMAL_NUMBER, "%g", (double)narrow);
}

static void expect_text(double value, size_t digits, const char *wanted) {
    char text[DECIMAL_TEXT];
    decimal_write(text, value, digits);
    EXPECT(strcmp(text, wanted) == 0, "'%s', wanted '%s'", text, wanted);
}

static void how_numbers_are_written(void) {
    expect_text(0, 0, "0");
    expect_text(-0.0, 0, "-0");
    expect_text(NAN, 3, "nan");
    expect_text(-NAN, 3, "nan");
    expect_text(INFINITY, 3, "inf");
    expect_text(-INFINITY, 3, "-inf");
    expect_text(100, 0, "100");
    expect_text(1e15, 0, "1000000000000000");
    expect_text(1e16, 0, "1e16");
    expect_text(-1.25e20, 0, "-1.25e20");
    expect_text(0.00001, 0, "0.00001");
    expect_text(0.0000012, 0, "1.2e-6");
    expect_text(-12.5, 0, "-12.5");
    expect_text(5e-324, 0, "5e-324");
    expect_text(123456, 3, "123000");
    expect_text(0.125, 2, "0.12");
    expect_text(0.375, 2, "0.38");
    expect_text(9.99, 2, "10");
    expect_text(0.1, 17, "0.1");
}

int main(void) {
    static const struct test tests[] = {
        {"the shortest text of a double reads back, and is the shortest", doubles_read_back},
        {"the shortest text of a float reads back, and is the shortest", floats_read_back},
        {"a number of digits is rounded as printf rounds it", digits_are_those_of_printf},
        {"texts are read as the C library reads them", texts_are_read_as_the_library_reads_them},
        {"what is a number, and what is none", what_is_a_number},
        {"how numbers are written", how_numbers_are_written},
    };
    return RUN(tests);
}
