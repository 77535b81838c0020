/* SPDX-License-Identifier: MIT */
#include "text/columns.h"

#include "base/error.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NONE SIZE_MAX

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Copies the names, without the blanks around them. */
static void copy_names(struct columns *c, const struct csv *csv) {
    char *to = c->text;
    for (size_t i = 0; i < csv->count; i++) {
        const char *name = csv_text(csv, i);
        size_t length = csv->cells[i].length;
        while (length > 0 && is_blank(name[length - 1]))
            length--;
        for (; length > 0 && is_blank(*name); name++)
            length--;
        c->names[i] = to;
        memcpy(to, name, length);
        to[length] = '\0';
        to += length + 1;
    }
}

int columns_create(struct columns *c, const struct csv *csv, bool named) {
    const struct csv_cell *last = &csv->cells[csv->count - 1];
    *c = (struct columns){.stream = csv->in.name, .total = csv->count, .id = NONE};
    c->chosen = malloc(csv->count * sizeof *c->chosen);
    if (named) {
        c->text = malloc(last->begin + last->length + 1);
        c->names = malloc(csv->count * sizeof *c->names);
    }
    if (c->chosen == NULL || (named && (c->text == NULL || c->names == NULL))) {
        columns_free(c);
        return fail("%s: out of memory for %zu columns", csv->in.name, csv->count);
    }
    if (named)
        copy_names(c, csv);
    return 0;
}

void columns_free(struct columns *c) {
    free(c->text);
    free(c->names);
    free(c->chosen);
    *c = (struct columns){.id = NONE};
}

const char *columns_label(const struct columns *c, size_t column, char text[COLUMNS_LABEL]) {
    if (c->names == NULL)
        snprintf(text, COLUMNS_LABEL, "%zu", column + 1);
    else
        snprintf(text, COLUMNS_LABEL, "%zu (%.64s)", column + 1, c->names[column]);
    return text;
}

static bool is_name(const char *name, const char *text, size_t length) {
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

/* Finds the column that the text names: *column is NONE if there is none. -1 if there are two. */
static int find_name(const struct columns *c, const char *text, size_t length, size_t *column) {
    *column = NONE;
    for (size_t i = 0; i < c->total; i++) {
        if (!is_name(c->names[i], text, length))
            continue;
        if (*column != NONE)
            return fail("%s: columns %zu and %zu are both named '%.*s', wanted one to choose", c->stream,
                        *column + 1, i + 1, (int)length, text);
        *column = i;
    }
    return 0;
}

/* The same for a name, or for a number from 1 if there is no header. */
static int find(const struct columns *c, const char *text, size_t length, size_t *column) {
    uint64_t number;
    if (c->names != NULL)
        return find_name(c, text, length, column);
    *column = read_digits(text, length, &number) && number >= 1 && number <= c->total ? (size_t)number - 1 : NONE;
    return 0;
}

#define HINT_TEXT 256
#define FEW_NAMES 12

/* Writes the names as " (found a, b, c)", or "" if they are too many or too long, or have quotes. */
static void list_names(const struct columns *c, char text[HINT_TEXT]) {
    size_t used = 0;
    for (size_t i = 0; used < HINT_TEXT - 2 && i < c->total; i++) {
        const char *name = c->names[i], *quote = strchr(name, ',') != NULL ? "\"" : "";
        if (c->total > FEW_NAMES || strchr(name, '"') != NULL)
            used = HINT_TEXT;
        else
            used += (size_t)snprintf(text + used, HINT_TEXT - used, "%s%s%s%s", i == 0 ? " (found " : ", ", quote,
                                     name, quote);
    }
    snprintf(text + (used < HINT_TEXT - 2 ? used : 0), 2, "%s", used < HINT_TEXT - 2 ? ")" : "");
}

/* Returns what may help to find a column of the header: a name that differs in case only, or a few names. */
static const char *hint(const struct columns *c, const char *name, size_t length, char text[HINT_TEXT]) {
    uint64_t number;
    if (read_digits(name, length, &number))
        return " (numbers of columns go with --no-header)";
    for (size_t i = 0; i < c->total; i++)
        if (strlen(c->names[i]) == length && strncasecmp(c->names[i], name, length) == 0) {
            snprintf(text, HINT_TEXT, " (found '%.200s', in other letters)", c->names[i]);
            return text;
        }
    list_names(c, text);
    return text;
}

/* Refuses a column that is not there. */
static int refuse(const struct columns *c, const char *option, const char *text, size_t length) {
    char found[HINT_TEXT];
    if (c->names == NULL)
        return fail("%s: has columns 1 to %zu, wanted column '%.*s' for %s", c->stream, c->total, (int)length, text,
                    option);
    return fail("%s: has no column named '%.*s', wanted it for %s%s", c->stream, (int)length, text, option,
                hint(c, text, length, found));
}

static int add(struct columns *c, size_t column) {
    char label[COLUMNS_LABEL];
    for (size_t i = 0; i < c->count; i++)
        if (c->chosen[i] == column)
            return fail("%s: column %s stands twice in --columns, wanted it once", c->stream,
                        columns_label(c, column, label));
    c->chosen[c->count++] = column;
    return 0;
}

/* Adds a range of columns, without that of the identifiers. */
static int add_range(struct columns *c, size_t first, size_t last, const char *text, size_t length) {
    if (first > last)
        return fail("%s: column %zu follows column %zu, wanted a range from left to right, not '%.*s'", c->stream,
                    first + 1, last + 1, (int)length, text);
    for (size_t i = first; i <= last; i++)
        if (i != c->id && add(c, i) < 0)
            return -1;
    return 0;
}

/* Adds a range: the text is divided at the first hyphen that has a column on both sides. */
static int add_range_text(struct columns *c, const char *text, size_t length) {
    bool ambiguous = false;
    for (size_t i = 0; i < length; i++) {
        size_t first, last;
        if (text[i] != '-')
            continue;
        if (find(c, text, i, &first) < 0 || find(c, text + i + 1, length - i - 1, &last) < 0)
            ambiguous = true;
        else if (first != NONE && last != NONE)
            return add_range(c, first, last, text, length);
    }
    return ambiguous ? -1 : refuse(c, "--columns", text, length);
}

/* Adds an entry of the list: a column, or if there is none of that name, a range. */
static int add_entry(struct columns *c, const char *text, size_t length) {
    size_t column;
    if (find(c, text, length, &column) < 0)
        return -1;
    if (column == NONE)
        return add_range_text(c, text, length);
    if (column == c->id)
        return fail("%s: column '%.*s' holds the identifiers (--id), wanted another one in --columns", c->stream,
                    (int)length, text);
    return add(c, column);
}

/* Copies an entry in quotes, as a cell has them, and sets its length. Returns the list's rest, which begins with a
 * comma or is empty; NULL if the entry has no such quotes. */
static const char *unquote(const char *list, char *entry, size_t *length) {
    *length = 0;
    if (*list != '"')
        return NULL;
    for (list++; *list != '\0'; list++) {
        if (*list == '"' && *++list != '"')
            return *list == ',' || *list == '\0' ? list : NULL;
        entry[(*length)++] = *list;
    }
    return NULL;
}

static int add_entries(struct columns *c, const char *list, char *room) {
    for (;; list++) {
        size_t length;
        const char *entry = room, *rest = unquote(list, room, &length);
        if (rest == NULL) {
            entry = list;
            length = strcspn(list, ",");
            rest = list + length;
        }
        if (add_entry(c, entry, length) < 0)
            return -1;
        list = rest;
        if (*list == '\0')
            return 0;
    }
}

static int add_list(struct columns *c, const char *list) {
    char *room = malloc(strlen(list) + 1);
    if (room == NULL)
        return fail("%s: out of memory for a list of columns", c->stream);
    const int result = add_entries(c, list, room);
    free(room);
    return result;
}

int columns_choose(struct columns *c, const char *id, const char *list) {
    if (id != NULL && find(c, id, strlen(id), &c->id) < 0)
        return -1;
    if (id != NULL && c->id == NONE)
        return refuse(c, "--id", id, strlen(id));
    if (list != NULL && add_list(c, list) < 0)
        return -1;
    for (size_t i = 0; list == NULL && i < c->total; i++)
        if (i != c->id)
            c->chosen[c->count++] = i;
    return c->count > 0 ? 0
                        : fail("%s: no column but that of the identifiers is chosen, wanted one more", c->stream);
}
