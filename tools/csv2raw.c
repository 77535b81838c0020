/* SPDX-License-Identifier: MIT */
/* csv2raw: a table of text (CSV) to a stream. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "text/cells.h"
#include "text/columns.h"
#include "text/csv.h"
#include "stream/raw.h"
#include "stream/side_file.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES ((size_t)1 << 20) /* of a frame's payload, if its items are not larger */

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    const char *columns, *id, *write_ids, *write_names; /* NULL: not given */
    struct missing_texts missing;
    char delimiter; /* 0: not given */
    enum dtype dtype;
    bool tsv, no_header, live;
};

static int parse_delimiter(void *field, const char *name, const char *text) {
    char c = *text;
    if (strcmp(text, "\\t") == 0)
        c = '\t';
    else if (strlen(text) != 1 || (unsigned char)c >= 0x80 || isalnum((unsigned char)c) || strchr("\"\r\n+-.", c))
        return fail("%s: found '%s', wanted one ASCII character that is no part of a number, a quote or a line end",
                    name, text);
    *(char *)field = c;
    return 0;
}

static const struct cli_option options[] = {
    {0, "columns", "LIST", NULL,
     "take these columns, in this order: names, or numbers from 1 with --no-header, and ranges such as a-c "
     "(default: all)",
     CLI_TEXT(columns)},
    {0, "id", "COL", NULL, "the column of the items' identifiers, which is no element", CLI_TEXT(id)},
    {0, "write-ids", "FILE", NULL, "write the identifiers to FILE, one line per item", CLI_FILE(write_ids)},
    {0, "write-names", "FILE", NULL, "write the elements' names to FILE, one line per element",
     CLI_FILE(write_names)},
    {0, "na", "LIST", "NA", "read cells with one of these texts as missing (nan), as an empty cell always is",
     CLI_PARSE(missing_texts_parse, missing)},
    {0, "dtype", "TYPE", "f64", "write numbers of this type: u8, i32, f32 or f64", CLI_PARSE(dtype_parse, dtype),
     .names = dtype_nth},
    {0, "delimiter", "C", NULL, "the character between columns; \\t is a tab (default: a comma)",
     CLI_PARSE(parse_delimiter, delimiter)},
    {0, "tsv", NULL, NULL, "as --delimiter '\\t'", CLI_FLAG(tsv)},
    {0, "no-header", NULL, NULL, "the first line is an item, and does not name the columns", CLI_FLAG(no_header)},
    {0, "live", NULL, NULL, "write each item when its line has come, in a frame of its own", CLI_FLAG(live)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "csv2raw",
    "[--columns LIST] [--id COL] [--write-ids FILE] [--write-names FILE] [--na LIST] [--dtype TYPE] "
    "[--delimiter C] [--tsv] [--no-header] [--live] [-q] [FILE]",
    "Turns a table of text (CSV) into a stream: one item per line, one element per column.",
    options,
    0,
    "csv2raw --id key --write-ids ids.txt table.csv | raw-info",
};

static void check(const struct options *o) {
    if (o->tsv && o->delimiter != 0)
        cli_refuse("--tsv: found it with --delimiter, wanted one of the two");
    if (o->write_ids != NULL && o->id == NULL)
        cli_refuse("--write-ids: found it without --id, wanted both");
    if (o->write_names != NULL && o->no_header)
        cli_refuse("--write-names: found it with --no-header, wanted a header, which has the names");
    if (o->write_ids != NULL && o->write_names != NULL && is_same_place(o->write_ids, o->write_names))
        cli_refuse("--write-names: found '%s', to which --write-ids writes, wanted another file", o->write_names);
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    check(&o);
    if (o.delimiter == 0)
        o.delimiter = (char)(o.tsv ? '\t' : ',');
    return o;
}

/* The items that are read and not yet written are those of the next frame. */
struct job {
    const struct options *o;
    struct csv csv;
    struct columns columns;
    struct cells cells;
    struct raw_writer out;
    struct side_writer ids;
    struct raw_frame frame;
    unsigned char *payload; /* owned */
    size_t item_bytes, capacity;
    uint64_t items; /* in all frames */
};

/* Writes the frame, after the identifiers of its items. */
static int write_frame(struct job *job, bool last) {
    job->frame.last = last;
    const size_t bytes = job->frame.items * job->item_bytes;
    if (side_flush(&job->ids) < 0 || raw_write_header(&job->out, &job->frame) < 0 ||
        raw_write(&job->out, job->payload, bytes) < 0)
        return -1;
    job->frame.items = 0;
    progress_items(job->items, 0);
    return 0;
}

/* True if the next item, whose identifier has `length` bytes, begins a frame. */
static bool is_full(const struct job *job, size_t length) {
    return job->frame.items == job->capacity || !side_fits(&job->ids, length);
}

/* Adds the record as an item. */
static int add_item(struct job *job) {
    const struct csv *csv = &job->csv;
    const struct columns *columns = &job->columns;
    char subject[ERROR_SUBJECT];
    if (csv->count != columns->total)
        return fail("%s: line %" PRIu64 ": found %zu columns, wanted %zu, as in the first line", csv->in.name,
                    csv->record, csv->count, columns->total);
    if (is_full(job, columns->id == SIZE_MAX ? 0 : csv->cells[columns->id].length) && write_frame(job, false) < 0)
        return -1;
    if (cells_read(&job->cells, csv, columns, job->payload + job->frame.items * job->item_bytes) < 0)
        return -1;
    if (job->ids.buffer != NULL) {
        snprintf(subject, sizeof subject, "%s: line %" PRIu64 ": the identifier", csv->in.name, csv->record);
        if (side_write(&job->ids, csv_text(csv, columns->id), csv->cells[columns->id].length, subject) < 0)
            return -1;
    }
    job->frame.items++;
    job->items++;
    return job->o->live ? write_frame(job, false) : 0;
}

static int write_names(const struct job *job) {
    struct side_writer names;
    if (side_writer_open(&names, job->o->write_names, job->o->file) < 0)
        return -1;
    for (size_t i = 0; i < job->columns.count; i++) {
        const char *name = job->columns.names[job->columns.chosen[i]];
        char subject[ERROR_SUBJECT];
        snprintf(subject, sizeof subject, "%s: the name of column %zu", job->csv.in.name,
                 job->columns.chosen[i] + 1);
        if (side_write(&names, name, strlen(name), subject) < 0) {
            side_writer_abandon(&names);
            return -1;
        }
    }
    return side_writer_close(&names);
}

/* Opens the side files. A pipe opens once its reader opens it, which the stream's reader does after the first
 * header: a frame without items goes before. */
static int open_side_files(struct job *job) {
    const struct options *o = job->o;
    if ((side_is_pipe(o->write_ids) || side_is_pipe(o->write_names)) && write_frame(job, false) < 0)
        return -1;
    if (o->write_names != NULL && write_names(job) < 0)
        return -1;
    return o->write_ids == NULL ? 0 : side_writer_open(&job->ids, o->write_ids, o->file);
}

/* Notes a header that may be an item. */
static void note_numbers(const struct job *job) {
    const struct columns *c = &job->columns;
    for (size_t i = 0; i < c->count; i++)
        if (!cells_is_number(c->names[c->chosen[i]]))
            return;
    cli_note("%s: the header has numbers as names; if it is the first item, --no-header reads it",
             job->csv.in.name);
}

/* Chooses the columns by the first record, and allocates a frame's payload. */
static int prepare(struct job *job) {
    const struct options *o = job->o;
    const int more = csv_next(&job->csv);
    if (more < 0)
        return -1;
    if (more == 0)
        return fail("%s: has only empty lines, wanted a table", job->csv.in.name);
    if (columns_create(&job->columns, &job->csv, !o->no_header) < 0 ||
        columns_choose(&job->columns, o->id, o->columns) < 0)
        return -1;
    job->cells = (struct cells){.dtype = o->dtype, .missing = &o->missing};
    job->frame = (struct raw_frame){.dtype = o->dtype, .shape = shape_vector(job->columns.count)};
    job->item_bytes = raw_item_bytes(&job->frame);
    job->capacity = job->item_bytes < FRAME_BYTES ? FRAME_BYTES / job->item_bytes : 1;
    job->payload = malloc(job->capacity * job->item_bytes);
    if (job->payload == NULL)
        return fail("%s: out of memory for items of %zu columns", job->csv.in.name, job->columns.count);
    if (!o->no_header)
        note_numbers(job);
    return 0;
}

static int convert(struct job *job) {
    int more;
    if (prepare(job) < 0 || open_side_files(job) < 0 || (job->o->no_header && add_item(job) < 0))
        return -1;
    while ((more = csv_next(&job->csv)) == 1)
        if (add_item(job) < 0)
            return -1;
    if (more < 0 || write_frame(job, true) < 0 || (job->ids.buffer != NULL && side_writer_close(&job->ids) < 0))
        return -1;
    if (job->items == 0)
        cli_note("%s: has a header and no items", job->csv.in.name);
    return raw_finish(&job->out);
}

static int run(const struct options *o) {
    struct job job = {.o = o};
    if (raw_writer_start(&job.out) < 0 || csv_open(&job.csv, o->file, o->delimiter) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = convert(&job);
    side_writer_abandon(&job.ids);
    columns_free(&job.columns);
    free(job.payload);
    csv_close(&job.csv);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
