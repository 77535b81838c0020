/* SPDX-License-Identifier: MIT */
/* npy2raw: a NumPy array (.npy) to a stream. */
#include "base/cli.h"
#include "base/progress.h"
#include "format/axes.h"
#include "format/npy.h"

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    struct axes axes;
};

static const struct cli_option options[] = {
    {0, "axes", "LIST", NULL,
     "put the axes of an item, which have numbers from 0, in this order: 1,2,0 makes HxWx3 of 3xHxW",
     CLI_PARSE(axes_parse, axes)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "npy2raw",
    "[--axes LIST] [-q] [FILE]",
    "Turns a NumPy array (.npy) into a stream: the first axis is the items, the others are the shape of one.",
    options,
    0,
    "npy2raw --axes 1,2,0 images.npy | raw2pgm > images.ppm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    return o;
}

static int copy(struct npy_reader *npy, struct axes_buffer *buffer, struct raw_writer *out) {
    const size_t item = raw_item_bytes(&npy->frame);
    while (npy->left > 0) {
        const size_t bytes = npy->left < buffer->bytes ? (size_t)npy->left : buffer->bytes;
        if (npy_read(npy, buffer->numbers, bytes) < 0 || raw_write(out, axes_reorder(buffer, bytes), bytes) < 0)
            return -1;
        progress_items(npy->frame.items - npy->left / item, npy->frame.items);
    }
    return npy_end(npy) < 0 ? -1 : raw_finish(out);
}

static int convert(const struct options *o, struct npy_reader *npy, struct raw_writer *out) {
    struct axes_buffer buffer;
    struct raw_frame frame = npy->frame;
    int result = axes_buffer_create(&buffer, &o->axes, &frame.shape, dtype_size(frame.dtype), npy->in.name);
    if (result == 0)
        result = raw_write_header(out, &frame);
    if (result == 0)
        result = copy(npy, &buffer, out);
    axes_buffer_free(&buffer);
    return result;
}

static int run(const struct options *o) {
    struct raw_writer out;
    struct npy_reader npy;
    if (raw_writer_start(&out) < 0 || npy_open(&npy, o->file) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = convert(o, &npy, &out);
    npy_close(&npy);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
