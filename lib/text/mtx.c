/* SPDX-License-Identifier: MIT */
#include "text/mtx.h"

#include "base/error.h"
#include "base/number.h"
#include "text/decimal.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define WANTED "a MatrixMarket matrix"
#define BANNER "%%MatrixMarket"
#define SHOWN 64 /* bytes of a text in a message */

static const char *name_of(const struct mtx *mtx) {
    return mtx->lines.gz.in.name;
}

/* Refuses a line, or a part of it. */
static int refuse(const struct mtx *mtx, const char *text, size_t length, const char *wanted) {
    return fail("%s: line %" PRIu64 ": found '%.*s', wanted %s", name_of(mtx), mtx->lines.count,
                (int)(length < SHOWN ? length : SHOWN), text, wanted);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Takes the next word of a text, and moves the text behind it. An empty word: there is none. */
static size_t next_word(const char **text, const char **word) {
    while (is_blank(**text))
        ++*text;
    *word = *text;
    while (**text != '\0' && !is_blank(**text))
        ++*text;
    return (size_t)(*text - *word);
}

static bool is_word(const char *word, size_t length, const char *wanted) {
    return strlen(wanted) == length && strncasecmp(word, wanted, length) == 0;
}

/* The words of the first line: what it is, its format, the kind of its numbers, and its symmetry. */
static int read_banner(struct mtx *mtx) {
    const char *line, *text, *word[5];
    size_t length[5], whole;
    const int more = lines_next(&mtx->lines, &line, &whole);
    if (more <= 0)
        return more < 0 ? -1 : input_fail_empty(&mtx->lines.gz.in, WANTED);
    text = line;
    for (size_t i = 0; i < 5; i++)
        length[i] = next_word(&text, &word[i]);
    if (length[4] == 0 || !is_word(word[1], length[1], "matrix"))
        return refuse(mtx, line, whole, "'" BANNER " matrix coordinate integer general'");
    if (!is_word(word[2], length[2], "coordinate"))
        return refuse(mtx, word[2], length[2], "coordinate, the format of a sparse matrix");
    mtx->pattern = is_word(word[3], length[3], "pattern");
    if (!mtx->pattern && !is_word(word[3], length[3], "integer") && !is_word(word[3], length[3], "real"))
        return refuse(mtx, word[3], length[3], "integer, real or pattern");
    if (!is_word(word[4], length[4], "general"))
        return refuse(mtx, word[4], length[4],
                      "general, since other files hold only a part of the entries: "
                      "scipy.io.mmwrite(FILE, a, symmetry='general') writes all");
    return 0;
}

/* Refuses a file that begins as no matrix does. */
static int check_start(const struct mtx *mtx) {
    const struct lines *l = &mtx->lines;
    const size_t size = l->have < FOREIGN_BYTES ? l->have : FOREIGN_BYTES;
    if (size == 0 || (l->have >= strlen(BANNER) && memcmp(l->buffer, BANNER, strlen(BANNER)) == 0))
        return 0;
    if (foreign_refuse(name_of(mtx), l->buffer, size, WANTED) < 0)
        return -1;
    return fail("%s: does not begin with '%s', wanted " WANTED, name_of(mtx), BANNER);
}

/* Reads the next line that is not blank. 1, 0 at the end, or -1. */
static int next_line(struct mtx *mtx, const char **line, size_t *length) {
    int more;
    do
        more = lines_next(&mtx->lines, line, length);
    while (more == 1 && (*line)[strspn(*line, " \t")] == '\0');
    if (more == 1 && mtx->lines.without_end)
        return fail("%s: line %" PRIu64 ": has no line end, wanted one: the file may be cut short", name_of(mtx),
                    mtx->lines.count);
    return more;
}

/* Reads whole numbers. True if the line has just these. */
static bool read_numbers(const char **text, uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *word;
        const size_t length = next_word(text, &word);
        if (!read_digits(word, length, &numbers[i]))
            return false;
    }
    return true;
}

static int read_sizes(struct mtx *mtx) {
    const char *line, *text, *rest;
    uint64_t sizes[3];
    size_t length;
    int more;
    do
        more = next_line(mtx, &line, &length);
    while (more == 1 && *line == '%');
    if (more <= 0)
        return more < 0 ? -1
                        : fail("%s: ended before the line with the numbers of rows, columns and entries, wanted it",
                               name_of(mtx));
    text = line;
    if (!read_numbers(&text, sizes, 3) || next_word(&text, &rest) > 0)
        return refuse(mtx, line, length, "the numbers of rows, columns and entries");
    mtx->rows = sizes[0];
    mtx->columns = sizes[1];
    mtx->entries = sizes[2];
    if (mtx->rows >= INT64_MAX || mtx->columns >= INT64_MAX)
        return refuse(mtx, line, length, "numbers of rows and columns below 2^63");
    return 0;
}

static int read_start(struct mtx *mtx) {
    return read_banner(mtx) < 0 ? -1 : read_sizes(mtx);
}

int mtx_open(struct mtx *mtx, const char *path) {
    *mtx = (struct mtx){.read = 0};
    if (lines_open(&mtx->lines, path) < 0)
        return -1;
    if (check_start(mtx) == 0 && read_start(mtx) == 0)
        return 0;
    mtx_close(mtx);
    return -1;
}

static int check_place(const struct mtx *mtx, const char *what, uint64_t index, uint64_t count) {
    return index >= 1 && index <= count
               ? 0
               : fail("%s: line %" PRIu64 ": %s is %" PRIu64 ", wanted one from 1 to %" PRIu64, name_of(mtx),
                      mtx->lines.count, what, index, count);
}

/* Sets the entry of a line. */
static int set_entry(struct mtx *mtx, const char *line, size_t length) {
    const char *text = line, *rest;
    uint64_t place[2];
    const bool placed = read_numbers(&text, place, 2);
    mtx->value_length = next_word(&text, &mtx->value);
    if (!placed || (mtx->value_length == 0) != mtx->pattern || next_word(&text, &rest) > 0)
        return refuse(mtx, line, length,
                      mtx->read == mtx->entries ? "the end after the last of the entries that are declared"
                      : mtx->pattern            ? "a row and a column"
                                                : "a row, a column and a value");
    if (mtx->read == mtx->entries)
        return fail("%s: line %" PRIu64 ": found an entry more than the %" PRIu64
                    " that are declared, wanted the end",
                    name_of(mtx), mtx->lines.count, mtx->entries);
    if (check_place(mtx, "the row", place[0], mtx->rows) < 0 ||
        check_place(mtx, "the column", place[1], mtx->columns) < 0)
        return -1;
    mtx->row = place[0] - 1;
    mtx->column = place[1] - 1;
    mtx->read++;
    return 1;
}

int mtx_next(struct mtx *mtx) {
    const char *line;
    size_t length;
    const int more = next_line(mtx, &line, &length);
    if (more == 1)
        return set_entry(mtx, line, length);
    if (more == 0 && mtx->read < mtx->entries)
        return fail("%s: ended after %" PRIu64 " of %" PRIu64 " entries, wanted all", name_of(mtx), mtx->read,
                    mtx->entries);
    return more;
}

int mtx_value(const struct mtx *mtx, enum dtype dtype, unsigned char *to) {
    const char *text = mtx->pattern ? "1" : mtx->value;
    const size_t length = mtx->pattern ? 1 : mtx->value_length;
    /* The byte after the value is a blank or the end of the line. */
    const enum decimal result = decimal_store(dtype, text, length, to);
    if (result == DECIMAL_NUMBER)
        return 0;
    return refuse(mtx, text, length, result == DECIMAL_NONE ? "a number" : decimal_wanted(dtype));
}

int mtx_rewind(struct mtx *mtx) {
    const struct mtx before = *mtx;
    if (lines_rewind(&mtx->lines) < 0 || check_start(mtx) < 0 || read_start(mtx) < 0)
        return -1;
    mtx->read = 0;
    return mtx->rows == before.rows && mtx->columns == before.columns && mtx->entries == before.entries &&
                   mtx->pattern == before.pattern
               ? 0
               : fail("%s: was changed while it was read, wanted it unchanged", name_of(mtx));
}

void mtx_close(struct mtx *mtx) {
    lines_close(&mtx->lines);
}
