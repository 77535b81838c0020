/* SPDX-License-Identifier: MIT */
/* idx2raw: an IDX file, plain or gzip, to a stream. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "format/idx.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHUNK 65536 /* numbers at a time */

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    uint64_t skip, count; /* count UINT64_MAX: all */
};

static const struct cli_option options[] = {
    {'n', "count", "N", NULL, "write N items; it is an error if the file has fewer (default: all)",
     CLI_WHOLE(count, 0, 0x1p63)},
    {0, "skip", "N", "0", "skip the first N items", CLI_WHOLE(skip, 0, 0x1p63)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "idx2raw",
    "[-n N] [--skip N] [-q] [FILE]",
    "Turns an IDX file (the format of the MNIST files), plain or gzip, into a stream of items.",
    options,
    0,
    "idx2raw train-images-idx3-ubyte.gz | vae-train -m model.bin",
};

static struct options parse(int argc, char **argv) {
    struct options o = {.count = UINT64_MAX};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    return o;
}

static int choose_items(struct options *o, const struct idx *idx) {
    const uint64_t items = idx->frame.items;
    if (o->skip > items)
        return fail("%s: holds %" PRIu64 " items, wanted at least the %" PRIu64 " to skip", idx->gz.in.name, items,
                    o->skip);
    if (o->count != UINT64_MAX && o->count > items - o->skip)
        return fail("%s: holds %" PRIu64 " items, wanted %" PRIu64 " after the first %" PRIu64, idx->gz.in.name,
                    items, o->count, o->skip);
    if (o->count == UINT64_MAX)
        o->count = items - o->skip;
    return 0;
}

/* Reads the rest of the file, to check it to its end. 0 or -1. */
static int check_rest(struct idx *idx) {
    return idx_skip(idx, idx->left) < 0 ? -1 : idx_end(idx);
}

static int copy(const struct options *o, struct idx *idx, struct raw_writer *out, void *chunk) {
    const uint64_t item = shape_elements(&idx->frame.shape);
    struct raw_frame frame = idx->frame;
    frame.items = o->count;
    if (idx_skip(idx, o->skip * item) < 0 || raw_write_header(out, &frame) < 0)
        return -1;
    for (uint64_t left = o->count * item; left > 0;) {
        const size_t n = left < CHUNK ? (size_t)left : CHUNK;
        left -= n;
        if (idx_read(idx, chunk, n) < 0 || raw_write(out, chunk, n * dtype_size(frame.dtype)) < 0)
            return -1;
        progress_items(frame.items - left / item, frame.items);
    }
    return check_rest(idx) < 0 ? -1 : raw_finish(out);
}

static int run(struct options *o) {
    struct raw_writer out;
    struct idx idx;
    if (raw_writer_start(&out) < 0 || idx_open(&idx, o->file) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    void *chunk = malloc(CHUNK * dtype_size(idx.frame.dtype));
    int result = chunk == NULL ? fail("%s: out of memory for its numbers", idx.gz.in.name) : choose_items(o, &idx);
    if (result == 0)
        result = copy(o, &idx, &out, chunk);
    free(chunk);
    idx_close(&idx);
    return result;
}

int main(int argc, char **argv) {
    struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
