/* SPDX-License-Identifier: MIT */
/* raw2csv: a stream as a table of text (CSV). */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "text/decimal.h"
#include "stream/frame_numbers.h"
#include "stream/side_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER ((size_t)4 * 65536)   /* bytes of text at a time */
#define CELL (2 * SIDE_LINE_MAX + 3) /* bytes of any cell: a text in quotes may have each of its quotes twice */

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file, *ids, *names;
    size_t digits; /* 0: the shortest text */
    bool tsv, no_header;
};

static const struct cli_option options[] = {
    {0, "ids", "FILE", NULL, "write the lines of FILE, one per item, as a first column", CLI_FILE(ids)},
    {0, "names", "FILE", NULL, "name the elements' columns by the lines of FILE (default: x1, x2, ...)",
     CLI_FILE(names)},
    {0, "digits", "N", NULL,
     "write real numbers with at most N significant digits (default: as many as read back the same)",
     CLI_SIZE(digits, 1, DECIMAL_DIGITS)},
    {0, "tsv", NULL, NULL, "write tabs between columns, not commas", CLI_FLAG(tsv)},
    {0, "no-header", NULL, NULL, "write no line with the names of the columns", CLI_FLAG(no_header)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2csv",
    "[--ids FILE] [--names FILE] [--digits N] [--tsv] [--no-header] [-q] [FILE]",
    "Writes a stream as a table of text (CSV): one line per item, one column per element.",
    options,
    0,
    "vae-encode -m model.bin items.raw | raw2csv > latents.csv",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    if (o.names != NULL && o.no_header)
        cli_refuse("--names: found it with --no-header, wanted one of the two");
    return o;
}

/* The table as it is written. */
struct table {
    const struct options *o;
    struct raw_reader reader;
    struct side_reader ids;
    struct output out;
    char delimiter;
    size_t elements, column; /* of an item, and of these the next one to write */
    size_t used;             /* bytes of the text that are not yet written */
    char text[BUFFER];
};

static int flush(struct table *t) {
    const size_t used = t->used;
    t->used = 0;
    return output_write(&t->out, t->text, used);
}

/* Makes room for a cell and a delimiter. */
static int make_room(struct table *t, size_t bytes) {
    return t->used + bytes + 1 > BUFFER ? flush(t) : 0;
}

static void put(struct table *t, char c) {
    t->text[t->used++] = c;
}

static bool needs_quotes(const struct table *t, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] == t->delimiter || text[i] == '"' || text[i] == '\r')
            return true;
    return length == 0; /* it may be all of its line, and an empty line is none */
}

/* Writes a text as a cell. */
static int put_text(struct table *t, const char *text, size_t length) {
    if (make_room(t, CELL) < 0)
        return -1;
    const bool quotes = needs_quotes(t, text, length);
    if (quotes)
        put(t, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            put(t, '"');
        put(t, text[i]);
    }
    if (quotes)
        put(t, '"');
    return 0;
}

/* Writes the names of the elements: those of the file, or x1, x2 and so on. */
static int put_names(struct table *t, struct side_reader *names) {
    char number[DECIMAL_TEXT];
    const char *text = number;
    size_t length = 0;
    for (size_t i = 0; i < t->elements; i++) {
        if (names == NULL) {
            length = (size_t)snprintf(number, sizeof number, "x%zu", i + 1);
        } else {
            const int more = side_read(names, &text, &length);
            if (more < 0)
                return -1;
            if (more == 0)
                return fail("%s: has %zu lines, wanted %zu, one per element", names->in.name, i, t->elements);
        }
        if (put_text(t, text, length) < 0)
            return -1;
        put(t, (char)(i + 1 < t->elements ? t->delimiter : '\n'));
    }
    const int more = names == NULL ? 0 : side_read(names, &text, &length);
    return more <= 0
               ? more
               : fail("%s: has more than %zu lines, wanted as many, one per element", names->in.name, t->elements);
}

static int put_header(struct table *t) {
    struct side_reader names;
    if (t->o->no_header)
        return 0;
    if (t->o->ids != NULL) {
        (void)put_text(t, "id", 2); /* there is room for it */
        put(t, t->delimiter);
    }
    if (t->o->names == NULL)
        return put_names(t, NULL);
    if (side_reader_open(&names, t->o->names) < 0)
        return -1;
    const int result = put_names(t, &names);
    side_reader_close(&names);
    return result;
}

/* Writes the identifier of the item that begins. */
static int put_id(struct table *t) {
    const char *text;
    size_t length;
    if (side_next(&t->ids, &text, &length, t->reader.in.name) < 0 || put_text(t, text, length) < 0)
        return -1;
    put(t, t->delimiter);
    return 0;
}

static size_t write_whole(char text[DECIMAL_TEXT], int32_t value) {
    return (size_t)snprintf(text, DECIMAL_TEXT, "%" PRId32, value);
}

/* Writes a number, for which there is room. */
static void put_number(struct table *t, const unsigned char *from) {
    char *to = t->text + t->used;
    const size_t digits = t->o->digits;
    int32_t whole;
    float narrow;
    double value;
    switch (t->reader.frame.dtype) {
    case DTYPE_U8:
        t->used += write_whole(to, *from);
        break;
    case DTYPE_I32:
        memcpy(&whole, from, sizeof whole);
        t->used += write_whole(to, whole);
        break;
    case DTYPE_F32:
        memcpy(&narrow, from, sizeof narrow);
        t->used += decimal_write_float(to, narrow, digits);
        break;
    default:
        memcpy(&value, from, sizeof value);
        t->used += decimal_write(to, value, digits);
    }
}

static int put_numbers(void *context, const unsigned char *from, size_t count) {
    struct table *t = context;
    const size_t size = dtype_size(t->reader.frame.dtype);
    for (size_t i = 0; i < count; i++, from += size) {
        if ((t->column == 0 && t->o->ids != NULL && put_id(t) < 0) || make_room(t, DECIMAL_TEXT) < 0)
            return -1;
        put_number(t, from);
        t->column = (t->column + 1) % t->elements;
        put(t, (char)(t->column > 0 ? t->delimiter : '\n'));
    }
    return 0;
}

static int put_frames(struct table *t) {
    int more;
    t->elements = shape_elements(&t->reader.frame.shape);
    if (put_header(t) < 0 || (t->o->ids != NULL && side_reader_open(&t->ids, t->o->ids) < 0))
        return -1;
    while ((more = raw_next(&t->reader)) == 1)
        if (frame_numbers(&t->reader, t, put_numbers) < 0 || flush(t) < 0)
            return -1;
    if (more < 0 || t->o->ids == NULL)
        return more;
    return side_finish(&t->ids, t->reader.items, t->reader.in.name);
}

static int run(const struct options *o) {
    struct table *t = malloc(sizeof *t);
    if (t == NULL)
        return fail("stdout: out of memory for its lines");
    t->o = o;
    t->ids = (struct side_reader){.buffer = NULL};
    t->out = (struct output){.fd = STDOUT_FILENO, .name = "stdout"};
    t->delimiter = (char)(o->tsv ? '\t' : ',');
    t->column = t->used = 0;
    int result = raw_open(&t->reader, o->file);
    if (result == 0) {
        progress_start(!cli_quiet(), true);
        result = put_frames(t);
        side_reader_close(&t->ids);
        raw_close(&t->reader);
    }
    free(t);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
