/* SPDX-License-Identifier: MIT */
#include "text/cells.h"

#include "base/error.h"
#include "text/decimal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A cell, or a text of --na, without the blanks around it. */
struct text {
    const char *begin;
    size_t length;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static struct text trim(const char *text, size_t length) {
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    while (length > 0 && is_blank(*text)) {
        text++;
        length--;
    }
    return (struct text){text, length};
}

int missing_texts_parse(void *field, const char *name, const char *list) {
    struct missing_texts *texts = field;
    *texts = (struct missing_texts){.count = 0};
    for (;; list++) {
        const size_t length = strcspn(list, ",");
        if (texts->count == MISSING_TEXTS)
            return fail("%s: found more than %d texts, wanted fewer", name, MISSING_TEXTS);
        const struct text t = trim(list, length); /* as cells are trimmed that are compared with it */
        texts->of[texts->count].text = t.begin;
        texts->of[texts->count++].length = t.length;
        list += length;
        if (*list == '\0')
            return 0;
    }
}

static bool is_missing(const struct missing_texts *missing, struct text t) {
    for (size_t i = 0; i < missing->count; i++)
        if (t.length == missing->of[i].length && memcmp(t.begin, missing->of[i].text, t.length) == 0)
            return true;
    return t.length == 0;
}

bool cells_is_number(const char *text) {
    double value;
    const struct text t = trim(text, strlen(text));
    return decimal_read(t.begin, t.length, &value) != DECIMAL_NONE;
}

#define PLACE ERROR_SUBJECT

/* Writes "FILE: line 3, column 2 (height)". */
static const char *place(const struct csv *csv, const struct columns *columns, size_t column, char text[PLACE]) {
    char label[COLUMNS_LABEL];
    snprintf(text, PLACE, "%s: line %" PRIu64 ", column %s", csv->in.name, csv->record,
             columns_label(columns, column, label));
    return text;
}

/* True if the text would be a number with a point in the place of its comma. */
static bool has_decimal_comma(struct text t) {
    char other[DECIMAL_TEXT] = "";
    double value;
    const char *comma = memchr(t.begin, ',', t.length);
    if (t.length >= sizeof other || comma == NULL)
        return false;
    memcpy(other, t.begin, t.length);
    other[comma - t.begin] = '.';
    return decimal_read(other, t.length, &value) == DECIMAL_NUMBER;
}

/* Refuses a cell of text, with the advice that helps in its case: a table of one column has none to leave out, and
 * --na can name no text with a comma. */
static int refuse_text(const struct cells *cells, const struct columns *columns, const char *where, struct text t) {
    const int shown = t.length < 64 ? (int)t.length : 64;
    const size_t divided = strcspn(t.begin, ";|\t");
    const bool others = columns->total > 1;
    if (has_decimal_comma(t))
        return fail("%s: found '%.*s', wanted a number with a decimal point", where, shown, t.begin);
    if (!others && divided < t.length)
        return fail("%s: found '%.*s', wanted a number: if '%c' divides columns, --delimiter names it", where,
                    shown, t.begin, t.begin[divided]);
    const char *na = !dtype_is_real(cells->dtype) || memchr(t.begin, ',', t.length) != NULL ? ""
                     : others ? ", and --na lists texts that mean a missing number"
                              : ": --na lists texts that mean a missing number";
    return fail("%s: found '%.*s', wanted a number%s%s", where, shown, t.begin,
                others ? ": --columns and --id leave columns of text out" : "", na);
}

static int refuse_range(const struct cells *cells, const char *where, struct text t) {
    return fail("%s: found '%.*s', wanted %s", where, t.length < 64 ? (int)t.length : 64, t.begin,
                decimal_wanted(cells->dtype));
}

static void set_missing(enum dtype dtype, unsigned char *to) {
    const float narrow = NAN;
    const double value = (double)NAN;
    if (dtype == DTYPE_F32)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &value, sizeof value);
}

int cells_read(const struct cells *cells, const struct csv *csv, const struct columns *columns,
               unsigned char *item) {
    const size_t size = dtype_size(cells->dtype);
    char where[PLACE];
    for (size_t i = 0; i < columns->count; i++, item += size) {
        const size_t column = columns->chosen[i];
        const struct text t = trim(csv_text(csv, column), csv->cells[column].length);
        if (is_missing(cells->missing, t)) {
            if (!dtype_is_real(cells->dtype))
                return fail("%s: found a missing number ('%.*s'), wanted --dtype f32 or f64, which have nan",
                            place(csv, columns, column, where), (int)t.length, t.begin);
            set_missing(cells->dtype, item);
            continue;
        }
        const enum decimal result = decimal_store(cells->dtype, t.begin, t.length, item);
        if (result == DECIMAL_NONE)
            return refuse_text(cells, columns, place(csv, columns, column, where), t);
        if (result == DECIMAL_LARGE)
            return refuse_range(cells, place(csv, columns, column, where), t);
    }
    return 0;
}
