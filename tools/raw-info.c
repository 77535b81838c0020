/* SPDX-License-Identifier: MIT */
/* raw-info: a table of what a stream holds, all of which is read and checked. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "stream/raw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define CHUNK 65536 /* numbers at a time */

struct totals {
    uint64_t frames, numbers, nans;
    double min, max, sum;
};

struct options {
    struct cli_common common; /* quiet alone is used */
};

static const struct cli_option options[] = {CLI_EVERY};

static const struct cli_program program = {
    "raw-info",
    "[-q] [FILE]",
    "Reads a stream to its end, checks it, and prints a table (TSV): dtype, shape, items, frames, min, max,\n"
    "mean and the count of NaNs.",
    options,
    0,
    "idx2raw train-images-idx3-ubyte.gz | raw-info",
};

static void add_number(struct totals *t, double value) {
    t->numbers++;
    if (isnan(value)) {
        t->nans++;
        return;
    }
    if (!(value >= t->min))
        t->min = value;
    if (!(value <= t->max))
        t->max = value;
    t->sum += value;
}

static int add_frame(struct totals *t, struct raw_reader *reader) {
    static unsigned char chunk[CHUNK * 8];
    const size_t size = dtype_size(reader->frame.dtype);
    t->frames++;
    for (;;) {
        ssize_t n = raw_read_bytes(reader, chunk, CHUNK * size);
        if (n <= 0)
            return (int)n;
        for (size_t i = 0; i < (size_t)n; i += size)
            add_number(t, dtype_value(reader->frame.dtype, chunk + i));
        progress_items(reader->items, reader->total);
    }
}

static void print_totals(const struct totals *t, const struct raw_reader *reader) {
    char shape[SHAPE_TEXT];
    const double mean = t->numbers == t->nans ? NAN : t->sum / (double)(t->numbers - t->nans);
    printf("dtype\tshape\titems\tframes\tmin\tmax\tmean\tnans\n");
    printf("%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%.9g\t%.9g\t%.9g\t%" PRIu64 "\n", dtype_name(reader->frame.dtype),
           shape_text(&reader->frame.shape, shape), reader->items, t->frames, t->min, t->max, mean, t->nans);
}

static int run(const char *file) {
    struct raw_reader reader;
    struct totals totals = {.min = NAN, .max = NAN};
    int more;
    if (raw_open(&reader, file) < 0)
        return -1;
    progress_start(!cli_quiet(), false);
    while ((more = raw_next(&reader)) == 1)
        if ((more = add_frame(&totals, &reader)) < 0)
            break;
    if (more == 0)
        print_totals(&totals, &reader);
    raw_close(&reader);
    return more;
}

int main(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    return cli_finish(run(cli_operand()));
}
