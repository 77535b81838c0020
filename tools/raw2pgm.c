/* SPDX-License-Identifier: MIT */
/* raw2pgm: a stream of images as one tiled picture. */
#include "base/cli.h"
#include "base/progress.h"
#include "format/pnm.h"

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    size_t columns, pad;
};

static const struct cli_option options[] = {
    {'c', "columns", "N", NULL,
     "put N images in a row (default: the least number of columns whose square holds all images)",
     CLI_SIZE(columns, 1, 1000000)},
    {0, "pad", "N", "0", "leave N black pixels between images", CLI_SIZE(pad, 0, 10000)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2pgm",
    "[-c N] [--pad N] [-q] [FILE]",
    "Draws a stream of images (items of shape HxW, HxWx1 or HxWx3) as one tiled picture, PGM or PPM.",
    options,
    0,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    return o;
}

static int run(const struct options *o) {
    struct output out;
    struct dataset images;
    progress_start(!cli_quiet(), true);
    if (output_standard(&out) < 0 || dataset_load(&images, o->file) < 0)
        return -1;
    int result = pnm_write_grid(&out, &images, o->columns, o->pad);
    dataset_free(&images);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
