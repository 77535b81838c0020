/* SPDX-License-Identifier: MIT */
/* raw-info: a table of what a stream holds, all of which is read and checked. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/progress.h"
#include "stream/element_names.h"
#include "stream/element_stats.h"
#include "stream/frame_numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct totals {
    uint64_t frames, numbers, nans;
    double min, max, sum;
};

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file, *names;
    bool per_element;
};

static const struct cli_option options[] = {
    {0, "per-element", NULL, NULL, "print one row per element instead: count, missing, mean, sd, min, max",
     CLI_FLAG(per_element)},
    {0, "names", "FILE", NULL, "name the elements by the lines of FILE, for --per-element", CLI_FILE(names)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw-info",
    "[--per-element] [--names FILE] [-q] [FILE]",
    "Reads a stream to its end, checks it, and prints a table (TSV): dtype, shape, items, frames, min, max,\n"
    "mean and the count of NaNs.",
    options,
    0,
    "idx2raw train-images-idx3-ubyte.gz | raw-info",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    if (o.names != NULL && !o.per_element)
        cli_refuse("--names: found it without --per-element, wanted both");
    return o;
}

/* What is found out about a stream. */
struct job {
    const struct options *o;
    struct raw_reader reader;
    struct totals totals;
    struct element_stats elements; /* with --per-element, and without it none */
    struct element_names names;    /* with --names */
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

static int add_numbers(void *context, const unsigned char *numbers, size_t count) {
    struct job *job = context;
    const enum dtype dtype = job->reader.frame.dtype;
    const size_t size = dtype_size(dtype);
    if (job->o->per_element)
        element_stats_add(&job->elements, dtype, numbers, count);
    else
        for (size_t i = 0; i < count; i++)
            add_number(&job->totals, dtype_value(dtype, numbers + i * size));
    return 0;
}

/* Prints a number after a tab. A NaN has no sign, which says nothing. */
static void print_number(double value) {
    printf("\t%.9g", unsigned_nan(value));
}

static void print_totals(const struct totals *t, const struct raw_reader *reader) {
    char shape[SHAPE_TEXT];
    printf("dtype\tshape\titems\tframes\tmin\tmax\tmean\tnans\n");
    printf("%s\t%s\t%" PRIu64 "\t%" PRIu64, dtype_name(reader->frame.dtype),
           shape_text(&reader->frame.shape, shape), reader->items, t->frames);
    print_number(t->min);
    print_number(t->max);
    print_number(t->numbers == t->nans ? NAN : t->sum / (double)(t->numbers - t->nans));
    printf("\t%" PRIu64 "\n", t->nans);
}

static void print_element(const struct element *e, uint64_t items) {
    const bool any = e->count > 0;
    printf("\t%" PRIu64 "\t%" PRIu64, e->count, items - e->count);
    print_number(any ? e->mean : NAN);
    print_number(element_deviation(e));
    print_number(any ? e->min : NAN);
    print_number(any ? e->max : NAN);
    putchar('\n');
}

static void print_elements(const struct job *job) {
    const char *name = NULL;
    printf("element%s\tcount\tmissing\tmean\tsd\tmin\tmax\n", job->o->names != NULL ? "\tname" : "");
    for (size_t i = 0; i < job->elements.elements; i++) {
        printf("%zu", i);
        if (job->o->names != NULL) {
            name = element_names_next(&job->names, name);
            putchar('\t');
            printable_print(stdout, name);
        }
        print_element(&job->elements.all[i], job->reader.items);
    }
}

/* Allocates what --per-element wants. */
static int prepare(struct job *job) {
    const size_t elements = shape_elements(&job->reader.frame.shape);
    if (job->o->names != NULL && element_names_load(&job->names, job->o->names, elements, "element") < 0)
        return -1;
    return job->o->per_element ? element_stats_create(&job->elements, elements, job->reader.in.name) : 0;
}

static int read_and_print(struct job *job) {
    int more;
    if (prepare(job) < 0)
        return -1;
    while ((more = raw_next(&job->reader)) == 1) {
        job->totals.frames++;
        if (frame_numbers(&job->reader, job, add_numbers) < 0)
            return -1;
    }
    if (more == 0 && job->o->per_element)
        print_elements(job);
    else if (more == 0)
        print_totals(&job->totals, &job->reader);
    return more;
}

static int run(const struct options *o) {
    struct job job = {.o = o, .totals = {.min = NAN, .max = NAN}};
    if (raw_open(&job.reader, o->file) < 0)
        return -1;
    progress_start(!cli_quiet(), false);
    const int result = read_and_print(&job);
    element_stats_free(&job.elements);
    element_names_free(&job.names);
    raw_close(&job.reader);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
