/* SPDX-License-Identifier: MIT */
/* raw2npy: a stream as a NumPy array (.npy). */
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
     "put the axes of an item, which have numbers from 0, in this order: 2,0,1 makes 3xHxW of HxWx3",
     CLI_PARSE(axes_parse, axes)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2npy",
    "[--axes LIST] [-q] [FILE]",
    "Writes a stream as a NumPy array (.npy), whose first axis is the items.",
    options,
    0,
    "vae-encode -m model.bin items.raw | raw2npy > latents.npy",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    return o;
}

static int put_frame(struct raw_reader *reader, struct axes_buffer *buffer, const struct shape *shape,
                     struct npy_writer *out) {
    struct raw_frame frame = reader->frame;
    ssize_t n;
    frame.shape = *shape;
    if (npy_write_frame(out, &frame) < 0)
        return -1;
    while ((n = raw_read_bytes(reader, buffer->numbers, buffer->bytes)) > 0) {
        if (npy_write(out, axes_reorder(buffer, (size_t)n), (size_t)n) < 0)
            return -1;
        progress_items(reader->items, reader->total);
    }
    return (int)n;
}

static int put_frames(const struct options *o, struct raw_reader *reader, struct npy_writer *out) {
    struct axes_buffer buffer;
    struct shape shape = reader->frame.shape;
    int more = 0,
        result = axes_buffer_create(&buffer, &o->axes, &shape, dtype_size(reader->frame.dtype), reader->in.name);
    while (result == 0 && (more = raw_next(reader)) == 1)
        result = put_frame(reader, &buffer, &shape, out);
    axes_buffer_free(&buffer);
    return result < 0 || more < 0 ? -1 : npy_finish(out);
}

static int run(const struct options *o) {
    struct npy_writer out;
    struct raw_reader reader;
    if (npy_writer_start(&out) < 0 || raw_open(&reader, o->file) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = put_frames(o, &reader, &out);
    npy_writer_close(&out);
    raw_close(&reader);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
