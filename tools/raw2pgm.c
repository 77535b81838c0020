/* raw2pgm: a stream of images as one tiled picture. */
#include "base/cli.h"
#include "stream/pnm.h"

struct options {
    const char *file;
    size_t columns, pad;
};

enum { OPTION_PAD = CLI_LONG_ONLY };

static const struct cli_option options[] = {
    {'c', "columns", "N", "put N images in a row (default: the squarest grid)"},
    {OPTION_PAD, "pad", "N", "leave N black pixels between images (default 0)"},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2pgm",
    "[-c N] [--pad N] [-q] [FILE]",
    "Draws a stream of images (items of shape HxW, HxWx1 or HxWx3) as one tiled picture, PGM or PPM.",
    options,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    const char *value;
    int key;
    cli_start(&program, argc, argv);
    cli_bare(0);
    while ((key = cli_next(&value)) != -1) {
        if (key == 'c')
            o.columns = (size_t)cli_whole("--columns", value, 1, 1000000);
        else
            o.pad = (size_t)cli_whole("--pad", value, 0, 10000);
    }
    o.file = cli_operand();
    return o;
}

static int run(const struct options *o) {
    struct output out;
    struct dataset images;
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
