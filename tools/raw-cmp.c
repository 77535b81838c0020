/* SPDX-License-Identifier: MIT */
/* raw-cmp: compares the numbers of two streams, within a tolerance. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "stream/raw.h"

#include <inttypes.h>
#include <math.h>
#include <float.h>
#include <string.h>

#define CHUNK 8192 /* numbers at a time */

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *a, *b;
    double absolute, relative;
};

static const struct cli_option options[] = {
    {0, "abs", "T", "0", "numbers may differ by T", CLI_REAL(absolute, 0, DBL_MAX)},
    {0, "rel", "T", "0", "numbers may also differ by T times the larger absolute value",
     CLI_REAL(relative, 0, DBL_MAX)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw-cmp",
    "[--abs T] [--rel T] [-q] FILE1 FILE2",
    "Compares two streams, one of which may be '-'. Exit status: 0 if they hold items of the same shape with\n"
    "equal numbers (frames may differ); 1 if not, with a message that names the first difference.",
    options,
    0,
    "vae-encode -m model.bin items.raw | raw-cmp --abs 1e-5 - latents.raw",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    char *const *files = cli_operands(2);
    o.a = files[0];
    o.b = files[1];
    if (strcmp(o.a, "-") == 0 && strcmp(o.b, "-") == 0)
        cli_refuse("operands: both are '-', wanted one stream of two from stdin");
    return o;
}

/* Reads up to CHUNK numbers of `size` bytes, also across frames. Returns how many, 0 at the end, or -1. */
static ssize_t read_numbers(struct raw_reader *reader, unsigned char *to, size_t size) {
    size_t have = 0;
    while (have < CHUNK * size) {
        ssize_t n = raw_read_bytes(reader, to + have, CHUNK * size - have);
        if (n < 0)
            return -1;
        have += (size_t)n;
        int more = reader->left > 0 ? 1 : raw_next(reader);
        if (more < 0)
            return -1;
        if (more == 0)
            break;
    }
    return (ssize_t)(have / size);
}

/* Here NaN equals NaN, since the data of streams is compared. Infinity equals only itself. */
static bool equal(const struct options *o, double a, double b) {
    if (a == b || (isnan(a) && isnan(b)))
        return true;
    if (isinf(a) || isinf(b))
        return false;
    return fabs(a - b) <= o->absolute + o->relative * fmax(fabs(a), fabs(b));
}

static int compare_chunks(const struct options *o, const struct raw_reader *a, const struct raw_reader *b, size_t n,
                          unsigned char *const chunk[2], uint64_t done) {
    const size_t elements = shape_elements(&a->frame.shape);
    const size_t size_a = dtype_size(a->frame.dtype), size_b = dtype_size(b->frame.dtype);
    for (size_t i = 0; i < n; i++) {
        const double x = dtype_value(a->frame.dtype, chunk[0] + i * size_a),
                     y = dtype_value(b->frame.dtype, chunk[1] + i * size_b);
        if (!equal(o, x, y))
            return fail("%s: item %" PRIu64 ", element %zu is %.9g, wanted %.9g as in %s", b->in.name,
                        (done + i) / elements, (size_t)((done + i) % elements), y, x, a->in.name);
    }
    return 0;
}

static int compare(const struct options *o, struct raw_reader *a, struct raw_reader *b) {
    static unsigned char first[CHUNK * 8], second[CHUNK * 8];
    unsigned char *const chunk[2] = {first, second};
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (!shape_equal(&a->frame.shape, &b->frame.shape))
        return fail("%s: items have shape %s, wanted %s as in %s", b->in.name, shape_text(&b->frame.shape, found),
                    shape_text(&a->frame.shape, wanted), a->in.name);
    for (uint64_t done = 0;;) {
        ssize_t n = read_numbers(a, first, dtype_size(a->frame.dtype)),
                m = n < 0 ? -1 : read_numbers(b, second, dtype_size(b->frame.dtype));
        if (n < 0 || m < 0)
            return -1;
        if (compare_chunks(o, a, b, (size_t)(n < m ? n : m), chunk, done) < 0)
            return -1;
        if (n != m)
            return fail("%s: ends after %" PRIu64 " items, wanted more as in %s", n < m ? a->in.name : b->in.name,
                        (done + (uint64_t)(n < m ? n : m)) / shape_elements(&a->frame.shape),
                        n < m ? b->in.name : a->in.name);
        if (n == 0)
            return 0;
        done += (uint64_t)n;
        progress_items(a->items, a->total);
    }
}

static int run(const struct options *o) {
    struct raw_reader a, b;
    if (raw_open(&a, o->a) < 0)
        return -1;
    int result = raw_open(&b, o->b);
    if (result == 0) {
        progress_start(!cli_quiet(), false);
        result = raw_next(&a) < 0 || raw_next(&b) < 0 ? -1 : compare(o, &a, &b);
        raw_close(&b);
    }
    raw_close(&a);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
