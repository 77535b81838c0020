/* SPDX-License-Identifier: MIT */
#include "text/csv.h"

#include "base/error.h"
#include "base/utf8.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER ((size_t)1 << 18) /* bytes of the buffer at first */

/* What the bytes before the next one were. */
enum state {
    AT_CELL,     /* a delimiter, or the beginning of the record */
    IN_CELL,     /* a cell without quotes */
    IN_QUOTES,   /* a cell in quotes */
    AFTER_QUOTE, /* a quote in such a cell: its end, or the first of two */
    AFTER_CR     /* a carriage return */
};

/* The result of a step: more bytes are needed, or one of these. */
enum step { STEP_FAILED = -1, STEP_END, STEP_RECORD, STEP_MORE };

/* True if no table begins like this, though it is text: a stream, a document, or a page. */
static bool is_other_text(const char *start) {
    const char *first = start + strspn(start, " \t\r\n");
    return *first == '<' || strncmp(start, "raw1 ", 5) == 0 || strncmp(start, "%PDF-", 5) == 0 ||
           strncmp(start, "%%MatrixMarket", 14) == 0;
}

/* Refuses a file of another format. A table may begin with the same letters as some formats do, as in a header
 * "PAR1,PAR2": only formats of binary data and a few of text are refused. */
static int refuse_foreign(const struct csv *csv) {
    const size_t size = csv->have < FOREIGN_BYTES ? csv->have : FOREIGN_BYTES;
    const struct foreign *found = foreign_find(csv->buffer, size);
    if (found == NULL || (!foreign_is_binary(csv->buffer, size) && !is_other_text(csv->buffer)))
        return 0;
    const char *unpack = found->unpack;
    return fail("%s: looks like %s, wanted a table of text (CSV)%s%s%s", csv->in.name, found->name,
                unpack != NULL ? ": " : "", unpack != NULL ? unpack : "",
                unpack != NULL ? " unpacks it, for a pipe to csv2raw" : "");
}

/* Reads the first bytes: enough to recognise a format, also if they come one by one. */
static int read_start(struct csv *csv) {
    while (csv->have < FOREIGN_BYTES && !csv->ended && memchr(csv->buffer, '\n', csv->have) == NULL) {
        const ssize_t n = input_read_some(&csv->in, csv->buffer + csv->have, csv->size - csv->have);
        if (n < 0)
            return -1;
        csv->have += (size_t)n;
        csv->ended = n == 0;
    }
    if (csv->have == 0)
        return input_fail_empty(&csv->in, "a table of text (CSV)");
    csv->buffer[csv->have] = '\0';
    if (utf8_has_mark(csv->buffer, csv->have))
        csv->at = csv->start = strlen(UTF8_MARK);
    return refuse_foreign(csv);
}

int csv_open(struct csv *csv, const char *path, char delimiter) {
    *csv = (struct csv){.delimiter = delimiter, .size = BUFFER, .line = 1};
    if (input_open(&csv->in, path) < 0)
        return -1;
    csv->buffer = malloc(csv->size + 1);
    const int result =
        csv->buffer == NULL ? fail("%s: out of memory for its lines", csv->in.name) : read_start(csv);
    if (result < 0)
        csv_close(csv);
    return result;
}

void csv_close(struct csv *csv) {
    input_close(&csv->in);
    free(csv->buffer);
    free(csv->cells);
    csv->buffer = NULL;
    csv->cells = NULL;
}

const char *csv_text(const struct csv *csv, size_t cell) {
    return csv->buffer + csv->start + csv->cells[cell].begin;
}

/* Refuses a byte of the cell that is being read, whose number is that of the cells before it, and 1. */
static enum step refuse_byte(const struct csv *csv, const char *found) {
    (void)fail("%s: line %" PRIu64 ", column %zu: found %s", csv->in.name, csv->line, csv->count + 1, found);
    return STEP_FAILED;
}

/* Doubles the buffer, which one record fills. */
static int grow(struct csv *csv) {
    if (csv->size >= CSV_RECORD_MAX)
        return fail("%s: line %" PRIu64 ": has more than %zu bytes, wanted fewer", csv->in.name, csv->record,
                    CSV_RECORD_MAX);
    char *larger = realloc(csv->buffer, 2 * csv->size + 1);
    if (larger == NULL)
        return fail("%s: out of memory for a line of %zu bytes", csv->in.name, 2 * csv->size);
    csv->buffer = larger;
    csv->size *= 2;
    return 0;
}

/* Reads more of the input after the bytes of the record, which move to the buffer's beginning. 1, 0 at the end of
 * the input, or -1. */
static int refill(struct csv *csv) {
    if (csv->ended)
        return 0;
    memmove(csv->buffer, csv->buffer + csv->start, csv->have - csv->start);
    csv->at -= csv->start;
    csv->have -= csv->start;
    csv->start = 0;
    if (csv->have == csv->size && grow(csv) < 0)
        return -1;
    const ssize_t n = input_read_some(&csv->in, csv->buffer + csv->have, csv->size - csv->have);
    if (n < 0)
        return -1;
    csv->have += (size_t)n;
    csv->ended = n == 0;
    return n > 0;
}

/* The cell that is being read begins where the one before it ends. */
static size_t cell_begin(const struct csv *csv) {
    return csv->count == 0 ? 0 : csv->cells[csv->count - 1].begin + csv->cells[csv->count - 1].length + 1;
}

static int check_cell(const struct csv *csv) {
    const size_t length = csv->write - cell_begin(csv);
    if (length <= CSV_CELL_MAX)
        return 0;
    if (csv->quoted > 0)
        return fail("%s: line %" PRIu64 ", column %zu: the cell has more than %zu bytes, wanted fewer, and a quote "
                    "that ends it",
                    csv->in.name, csv->quoted, csv->count + 1, CSV_CELL_MAX);
    return fail("%s: line %" PRIu64 ", column %zu: the cell has more than %zu bytes, wanted fewer", csv->in.name,
                csv->line, csv->count + 1, CSV_CELL_MAX);
}

static void put(struct csv *csv, char byte) {
    csv->buffer[csv->start + csv->write++] = byte;
}

/* Ends the cell. There is room for its final 0: in the place of the delimiter, of the line end, or at the end of
 * the input. */
static int end_cell(struct csv *csv) {
    if (check_cell(csv) < 0)
        return -1;
    if (csv->count == csv->room) {
        const size_t room = csv->room == 0 ? 16 : 2 * csv->room;
        struct csv_cell *cells = realloc(csv->cells, room * sizeof *cells);
        if (cells == NULL)
            return fail("%s: out of memory for a line of %zu columns", csv->in.name, csv->count + 1);
        csv->cells = cells;
        csv->room = room;
    }
    const size_t begin = cell_begin(csv);
    csv->cells[csv->count++] = (struct csv_cell){.begin = begin, .length = csv->write - begin};
    put(csv, '\0');
    return 0;
}

/* Ends the record with the line. */
static enum step end_line(struct csv *csv) {
    csv->line++;
    return end_cell(csv) < 0 ? STEP_FAILED : STEP_RECORD;
}

static enum step after_quote(struct csv *csv, enum state *state, char c) {
    if (c == '"') {
        put(csv, c);
        *state = IN_QUOTES;
    } else if (c == csv->delimiter) {
        *state = AT_CELL;
        return end_cell(csv) < 0 ? STEP_FAILED : STEP_MORE;
    } else if (c == '\n') {
        return end_line(csv);
    } else if (c == '\r') {
        *state = AFTER_CR;
    } else {
        return refuse_byte(csv,
                           "text after the quote that ends the cell, wanted the delimiter or the line's end (a "
                           "quote in such a cell is written as two)");
    }
    return STEP_MORE;
}

/* Takes a byte of a cell without quotes, or of one that may begin with one. */
static enum step take_plain(struct csv *csv, enum state *state, char c) {
    const bool first = *state == AT_CELL;
    *state = IN_CELL;
    if (first)
        csv->quoted = 0;
    if (c == csv->delimiter) {
        *state = AT_CELL;
        return end_cell(csv) < 0 ? STEP_FAILED : STEP_MORE;
    }
    if (c == '\n')
        return end_line(csv);
    if (c == '\r') {
        *state = AFTER_CR;
    } else if (c == '"' && first) {
        *state = IN_QUOTES;
        csv->quoted = csv->line;
    } else if (c == '"') {
        return refuse_byte(csv,
                           "a quote inside a cell that does not begin with one, wanted quotes around the cell, and "
                           "two for each in it");
    } else {
        put(csv, c);
    }
    return STEP_MORE;
}

static enum step take(struct csv *csv, enum state *state, char c) {
    if (c == '\0')
        return refuse_byte(csv, "a byte of value 0, wanted text");
    switch (*state) {
    case AT_CELL:
    case IN_CELL:
        return take_plain(csv, state, c);
    case IN_QUOTES:
        csv->line += c == '\n';
        if (c == '"')
            *state = AFTER_QUOTE;
        else
            put(csv, c);
        return STEP_MORE;
    case AFTER_QUOTE:
        return after_quote(csv, state, c);
    default:
        return c == '\n' ? end_line(csv)
                         : refuse_byte(csv, "a carriage return (CR), wanted LF or CRLF as line end");
    }
}

/* Ends the record at the end of the input, without a line end. */
static enum step end_input(struct csv *csv, enum state state) {
    if (state == IN_QUOTES) {
        (void)fail("%s: line %" PRIu64 ", column %zu: found a quote that begins the cell, wanted one that ends it",
                   csv->in.name, csv->quoted, csv->count + 1);
        return STEP_FAILED;
    }
    if (state == AT_CELL && csv->count == 0)
        return STEP_END;
    return end_cell(csv) < 0 ? STEP_FAILED : STEP_RECORD;
}

/* Begins a record. */
static void begin(struct csv *csv) {
    csv->start = csv->at;
    csv->write = 0;
    csv->count = 0;
    csv->quoted = 0;
    csv->record = csv->line;
}

static enum step read_record(struct csv *csv) {
    enum state state = AT_CELL;
    enum step step = STEP_MORE;
    begin(csv);
    while (step == STEP_MORE) {
        if (csv->at < csv->have) {
            step = take(csv, &state, csv->buffer[csv->at++]);
            continue;
        }
        const int more = check_cell(csv) < 0 ? -1 : refill(csv);
        if (more <= 0)
            step = more < 0 ? STEP_FAILED : end_input(csv, state);
    }
    return step;
}

/* True if the record is a line without any byte. A pair of quotes is a cell. */
static bool is_empty_line(const struct csv *csv) {
    return csv->count == 1 && csv->cells[0].length == 0 && csv->quoted == 0;
}

int csv_next(struct csv *csv) {
    enum step step;
    do
        step = read_record(csv);
    while (step == STEP_RECORD && is_empty_line(csv));
    return (int)step;
}
