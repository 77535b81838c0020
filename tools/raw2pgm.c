/* SPDX-License-Identifier: MIT */
/* raw2pgm: a stream of images as one tiled picture, or as a picture each. */
#include "base/cli.h"
#include "base/number.h"
#include "base/progress.h"
#include "format/pnm.h"

#include <inttypes.h>

struct options {
    struct cli_common common; /* quiet alone is used */
    const char *file;
    size_t columns, pad;
    bool per_item;
};

static const struct cli_option options[] = {
    {'c', "columns", "N", NULL,
     "put N images in a row (default: the least number of columns whose square holds all images)",
     CLI_SIZE(columns, 1, 1000000)},
    {0, "pad", "N", "0", "leave N black pixels between images", CLI_SIZE(pad, 0, 10000)},
    {0, "per-item", NULL, NULL, "write a picture of each image, one after the other", CLI_FLAG(per_item)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2pgm",
    "[-c N] [--pad N] [--per-item] [-q] [FILE]",
    "Draws a stream of images (items of shape HxW, HxWx1 or HxWx3) as one tiled picture, PGM or PPM, or as a "
    "picture each.",
    options,
    0,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    if (o.per_item && o.columns > 0)
        cli_refuse("--per-item: found it with --columns, wanted one of the two");
    if (o.per_item && o.pad > 0)
        cli_refuse("--per-item: found it with --pad, wanted one of the two");
    return o;
}

static int write_grid(const struct options *o, const struct output *out, struct pnm_numbers *numbers) {
    struct dataset images;
    if (dataset_load(&images, o->file) < 0)
        return -1;
    const int result = pnm_write_grid(out, &images, o->columns, o->pad, numbers);
    dataset_free(&images);
    return result;
}

static int write_items(const struct options *o, const struct output *out, struct pnm_numbers *numbers) {
    struct raw_reader reader;
    if (raw_open(&reader, o->file) < 0)
        return -1;
    const int result = pnm_write_items(out, &reader, numbers);
    raw_close(&reader);
    return result;
}

/* Notes that more than one number in a thousand was clamped. */
static void note(const struct pnm_numbers *n) {
    char least[REAL_TEXT], greatest[REAL_TEXT];
    if (n->clamped > n->count / 1000)
        cli_note("%s: found numbers from %s to %s, wanted 0 (black) to 1 (white): %" PRIu64 " of %" PRIu64
                 " are clamped",
                 n->name, real_text(n->least, least), real_text(n->greatest, greatest), n->clamped, n->count);
}

static int run(const struct options *o) {
    struct output out;
    struct pnm_numbers numbers;
    progress_start(!cli_quiet(), true);
    if (output_standard(&out) < 0)
        return -1;
    const int result = o->per_item ? write_items(o, &out, &numbers) : write_grid(o, &out, &numbers);
    if (result == 0)
        note(&numbers);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
