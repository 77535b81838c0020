/* vae-sample: a stream of latents drawn from the prior, or a grid of its quantiles. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "stream/raw.h"
#include "vae/model_config.h"
#include "vae/prior.h"

#include <inttypes.h>
#include <stdlib.h>

struct options {
    struct cli_common common; /* its threads are not used */
    uint64_t count;
    size_t dim;           /* 0: not given */
    size_t columns, rows; /* of a grid; 0: none */
};

enum { OPTION_GRID = CLI_LONG_ONLY };

static const struct cli_option options[] = {
    {'n', "count", "N", "write N latents (default 1)"},
    {'d', "dim", "N", "numbers a latent (default 20, as vae-train's; 2 with --grid)"},
    {'m', "model", "FILE", "take the numbers a latent from this model"},
    {OPTION_GRID, "grid", "CxR", "no draws: C x R quantiles of a 2-D latent, row by row from the top"},
    CLI_SEED,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-sample",
    "[-n N] [-d N | -m FILE] [--grid CxR] [-S N] [-q]",
    "Draws latents from the prior, the standard normal distribution.",
    options,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static void parse_grid(struct options *o, const char *text) {
    size_t sides[2], count;
    if (parse_list("--grid", text, 'x', 100000, 2, sides, &count) < 0)
        cli_usage_error();
    if (count != 2)
        cli_refuse("--grid: found '%s', wanted columns and rows, such as 20x20", text);
    o->columns = sides[0];
    o->rows = sides[1];
}

static struct options parse(int argc, char **argv) {
    struct options o = {.common = cli_common(), .count = 1};
    const char *value;
    bool counted = false;
    int key;
    cli_start(&program, argc, argv);
    cli_bare(1);
    while ((key = cli_next(&value)) != -1) {
        if (key == 'n') {
            o.count = cli_whole("--count", value, 0, (uint64_t)1 << 40);
            counted = true;
        } else if (key == 'd') {
            o.dim = (size_t)cli_whole("--dim", value, 1, MODEL_MAX_UNITS);
        } else if (!cli_common_option(&o.common, key, value)) {
            parse_grid(&o, value);
        }
    }
    cli_operands(0);
    if (o.columns > 0 && o.dim > 0 && o.dim != 2)
        cli_refuse("--dim: found %zu with --grid, wanted 2", o.dim);
    if (counted && o.columns > 0)
        cli_refuse("--count: goes with draws, and --grid is none, wanted one of the two");
    return o;
}

/* The size of a latent, from what was given; two that disagree are refused. */
static int choose_dim(struct options *o) {
    struct model_config config;
    if (o->common.model != NULL) {
        if (model_config_load(&config, o->common.model) < 0)
            return -1;
        if (o->dim != 0 && o->dim != config.latent)
            return fail("%s: has latents of %zu, wanted %zu as --dim says", o->common.model, config.latent, o->dim);
        o->dim = config.latent;
    }
    if (o->dim == 0)
        o->dim = o->columns > 0 ? 2 : MODEL_DEFAULT_LATENT;
    if (o->columns > 0 && o->dim != 2)
        return fail("%s: has latents of %zu, wanted 2 for --grid", o->common.model, o->dim);
    return 0;
}

/* z1 grows to the right and z2 upwards, as on paper. */
static void grid_point(const struct options *o, uint64_t i, float *z) {
    const uint64_t column = i % o->columns, row = i / o->columns;
    z[0] = (float)prior_quantile(((double)column + 0.5) / (double)o->columns);
    z[1] = (float)-prior_quantile(((double)row + 0.5) / (double)o->rows);
}

static int write_latents(const struct options *o, const struct output *out, float *z, size_t capacity) {
    struct raw_frame frame = {DTYPE_F32, shape_vector(o->dim), o->columns > 0 ? o->columns * o->rows : o->count,
                              true};
    if (raw_write_header(out, &frame) < 0)
        return -1;
    for (uint64_t i = 0; i < frame.items;) {
        size_t n = 0;
        for (; n < capacity && i < frame.items; n++, i++) {
            if (o->columns > 0)
                grid_point(o, i, z + n * o->dim);
            else
                prior_draw(z + n * o->dim, o->dim, o->common.seed, i);
        }
        if (output_write(out, z, n * o->dim * sizeof *z) < 0)
            return -1;
        progress_items(i, frame.items);
    }
    return 0;
}

static int run(struct options *o) {
    struct output out;
    if (output_standard(&out) < 0 || choose_dim(o) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const size_t capacity = 1 + 65536 / o->dim;
    float *z = malloc(capacity * o->dim * sizeof *z);
    int result =
        z == NULL ? fail("stdout: out of memory for latents of %zu", o->dim) : write_latents(o, &out, z, capacity);
    free(z);
    return result;
}

int main(int argc, char **argv) {
    struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
