/* SPDX-License-Identifier: MIT */
/* mtx2raw: a sparse matrix of counts (MatrixMarket) to a stream. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "text/line_copy.h"
#include "text/mtx_items.h"
#include "stream/raw.h"

#include <stdlib.h>

#define CHUNK ((size_t)1 << 18) /* bytes of items that are written at a time, if an item is not larger */

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    const char *names, *write_names, *ids, *write_ids; /* NULL: not given */
    size_t names_field, top;                           /* 0: the whole line; all elements */
    enum dtype dtype;
    bool by_rows;
};

static const char *const items_names[] = {"columns", "rows"};
#define ITEMS_NAMES (sizeof items_names / sizeof *items_names)

static int parse_items(void *by_rows, const char *name, const char *text) {
    const int found = parse_name(name, text, items_names, ITEMS_NAMES, sizeof *items_names);
    *(bool *)by_rows = found == 1;
    return found < 0 ? -1 : 0;
}

static const char *items_name(size_t i) {
    return i < ITEMS_NAMES ? items_names[i] : NULL;
}

static const struct cli_option options[] = {
    {0, "items", "WHICH", "columns", "make an item of each of these: columns or rows",
     CLI_PARSE(parse_items, by_rows), .names = items_name},
    {0, "dtype", "TYPE", "i32", "write numbers of this type: u8, i32, f32 or f64", CLI_PARSE(dtype_parse, dtype),
     .names = dtype_nth},
    {0, "top", "N", NULL,
     "keep the N elements with the largest variance divided by the mean (default: all); reads the file twice",
     CLI_SIZE(top, 1, SHAPE_MAX_ELEMENTS)},
    {0, "names", "FILE", NULL, "a text with one line per element, for --write-names; may be gzip", CLI_FILE(names)},
    {0, "names-field", "N", "1", "of these lines, take field N between tabs; 0 is the whole line",
     CLI_SIZE(names_field, 0, 1000)},
    {0, "write-names", "FILE", NULL, "write the elements' names to FILE, one line per element",
     CLI_FILE(write_names)},
    {0, "ids", "FILE", NULL, "a text with one line per item, for --write-ids; may be gzip", CLI_FILE(ids)},
    {0, "write-ids", "FILE", NULL, "write the items' identifiers to FILE, one line per item", CLI_FILE(write_ids)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "mtx2raw",
    "[--items WHICH] [--dtype TYPE] [--top N] [--names FILE] [--names-field N] [--write-names FILE] "
    "[--ids FILE] [--write-ids FILE] [-q] [FILE]",
    "Turns a sparse matrix of counts (MatrixMarket, plain or gzip) into a stream: one item per column.",
    options,
    0,
    "mtx2raw --top 2000 matrix.mtx.gz | vae-train -l negbin -m model.bin",
};

static void check_pair(const char *option, const char *file, const char *other, const char *partner) {
    if (file != NULL && partner == NULL)
        cli_refuse("--%s: found it without --%s, wanted both", option, other);
}

/* Refuses to write a file that is read, or written, too. */
static void check_place(const char *option, const char *file, const char *other, const char *used) {
    if (file != NULL && used != NULL && is_same_place(file, used))
        cli_refuse("--%s: found '%s', which is the file of --%s, wanted another one", option, file, other);
}

static void check(const struct options *o) {
    check_pair("names", o->names, "write-names", o->write_names);
    check_pair("write-names", o->write_names, "names", o->names);
    check_pair("ids", o->ids, "write-ids", o->write_ids);
    check_pair("write-ids", o->write_ids, "ids", o->ids);
    check_place("write-names", o->write_names, "names", o->names);
    check_place("write-names", o->write_names, "ids", o->ids);
    check_place("write-ids", o->write_ids, "names", o->names);
    check_place("write-ids", o->write_ids, "ids", o->ids);
    check_place("write-ids", o->write_ids, "write-names", o->write_names);
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    check(&o);
    return o;
}

struct job {
    const struct options *o;
    struct mtx_items matrix;
    struct line_copy ids;
    struct raw_writer out;
    struct raw_frame frame; /* all items */
    unsigned char *chunk;   /* owned */
    size_t item_bytes, capacity;
    bool one_by_one; /* a frame per item: identifiers go through a pipe, which holds one line of each size */
};

static int write_names(const struct job *job) {
    const struct options *o = job->o;
    const struct mtx_items *m = &job->matrix;
    struct line_copy names = {.field = o->names_field, .lines = m->all, .what = "element"};
    if (line_copy_open(&names, o->names, o->write_names, o->file) < 0)
        return -1;
    int result = 0;
    for (size_t i = 0; i < m->all && result == 0; i++)
        result = line_copy_next(&names, m->place == NULL || m->place[i] != MTX_LEFT_OUT);
    if (result == 0)
        result = line_copy_end(&names);
    line_copy_abandon(&names);
    return result;
}

/* Writes all identifiers, unless they go with their items. */
static int write_ids(struct job *job) {
    const struct options *o = job->o;
    job->ids = (struct line_copy){.lines = job->frame.items, .what = "item"};
    if (line_copy_open(&job->ids, o->ids, o->write_ids, o->file) < 0)
        return -1;
    for (uint64_t i = 0; i < job->frame.items && !job->one_by_one; i++)
        if (line_copy_next(&job->ids, true) < 0)
            return -1;
    return job->one_by_one ? 0 : line_copy_end(&job->ids);
}

static int write_header(struct job *job, uint64_t items, bool last) {
    struct raw_frame frame = job->frame;
    frame.items = items;
    frame.last = last;
    return raw_write_header(&job->out, &frame);
}

/* Writes the side files, and the header of the items. A frame without items goes before a pipe. */
static int write_start(struct job *job) {
    const struct options *o = job->o;
    job->one_by_one = side_is_pipe(o->write_ids);
    if ((job->one_by_one || side_is_pipe(o->write_names)) && write_header(job, 0, false) < 0)
        return -1;
    if ((o->names != NULL && write_names(job) < 0) || (o->ids != NULL && write_ids(job) < 0))
        return -1;
    return job->one_by_one ? 0 : write_header(job, job->frame.items, true);
}

/* Before an item that is a frame of its own: its identifier and the header. */
static int begin_item(struct job *job) {
    return line_copy_next(&job->ids, true) < 0 || side_flush(&job->ids.out) < 0 ? -1 : write_header(job, 1, false);
}

static int write_items(struct job *job) {
    const uint64_t items = job->frame.items;
    for (uint64_t done = 0; done < items;) {
        const uint64_t left = items - done;
        const size_t n = job->one_by_one ? 1 : left < job->capacity ? (size_t)left : job->capacity;
        for (size_t i = 0; i < n; i++)
            if (mtx_items_next(&job->matrix, job->chunk + i * job->item_bytes) < 0)
                return -1;
        if ((job->one_by_one && begin_item(job) < 0) || raw_write(&job->out, job->chunk, n * job->item_bytes) < 0)
            return -1;
        done += n;
        progress_items(done, items);
    }
    if (job->one_by_one && (line_copy_end(&job->ids) < 0 || write_header(job, 0, true) < 0))
        return -1;
    return mtx_items_end(&job->matrix);
}

static int convert(struct job *job) {
    const struct options *o = job->o;
    struct mtx_items *m = &job->matrix;
    if (o->top > 0 && mtx_items_choose(m, o->top) < 0)
        return -1;
    job->frame = (struct raw_frame){.dtype = o->dtype, .shape = shape_vector(m->elements), .items = m->items};
    job->item_bytes = raw_item_bytes(&job->frame);
    job->capacity = job->item_bytes < CHUNK ? CHUNK / job->item_bytes : 1;
    job->chunk = malloc(job->capacity * job->item_bytes);
    if (job->chunk == NULL)
        return fail("%s: out of memory for items of %zu bytes", m->mtx.lines.gz.in.name, job->item_bytes);
    return write_start(job) < 0 || write_items(job) < 0 ? -1 : raw_finish(&job->out);
}

static int run(const struct options *o) {
    struct job job = {.o = o};
    if (raw_writer_start(&job.out) < 0 || mtx_items_open(&job.matrix, o->file, o->by_rows, o->dtype) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = convert(&job);
    line_copy_abandon(&job.ids);
    free(job.chunk);
    mtx_items_close(&job.matrix);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
