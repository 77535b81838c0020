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

/* A grid's columns and rows; 0: there is none. */
struct grid {
    size_t columns, rows;
};

struct options {
    struct cli_common common; /* its threads are not used */
    uint64_t count;           /* UINT64_MAX: not given */
    size_t dim;               /* 0: not given */
    struct grid grid;
};

static void set_grid(const struct cli_option *option, void *field, const char *text) {
    struct grid *grid = field;
    size_t sides[2], count;
    (void)option;
    if (parse_list("--grid", text, 'x', 1, 100000, 2, sides, &count) < 0)
        cli_usage_error();
    if (count != 2)
        cli_refuse("--grid: found '%s', wanted columns and rows, such as 20x20", text);
    *grid = (struct grid){sides[0], sides[1]};
}

static const struct cli_option options[] = {
    {'n', "count", "N", NULL, "write N latents (default 1)", CLI_WHOLE(count, 0, 0x1p40)},
    {'d', "dim", "N", NULL, "numbers a latent (default 20, as vae-train's; 2 with --grid)",
     CLI_SIZE(dim, 1, MODEL_MAX_UNITS)},
    {'m', "model", "FILE", NULL, "take the numbers a latent from this model", CLI_TEXT(common.model)},
    {0, "grid", "CxR", NULL, "no draws: C x R quantiles of a 2-D latent, row by row from the top",
     CLI_CALL(set_grid, grid)},
    CLI_SEED,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-sample",
    "[-n N] [-d N | -m FILE] [--grid CxR] [-S N] [-q]",
    "Draws latents from the prior, the standard normal distribution.",
    options,
    1,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {.count = UINT64_MAX};
    cli_parse(&program, argc, argv, &o);
    cli_operands(0);
    if (o.grid.columns > 0 && o.dim > 0 && o.dim != 2)
        cli_refuse("--dim: found %zu with --grid, wanted 2", o.dim);
    if (o.count != UINT64_MAX && o.grid.columns > 0)
        cli_refuse("--count: goes with draws, and --grid is none, wanted one of the two");
    if (o.count == UINT64_MAX)
        o.count = 1;
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
        o->dim = o->grid.columns > 0 ? 2 : MODEL_DEFAULT_LATENT;
    if (o->grid.columns > 0 && o->dim != 2)
        return fail("%s: has latents of %zu, wanted 2 for --grid", o->common.model, o->dim);
    return 0;
}

/* z1 grows to the right and z2 upwards, as on paper. */
static void grid_point(const struct options *o, uint64_t i, float *z) {
    const uint64_t column = i % o->grid.columns, row = i / o->grid.columns;
    z[0] = (float)prior_quantile(((double)column + 0.5) / (double)o->grid.columns);
    z[1] = (float)-prior_quantile(((double)row + 0.5) / (double)o->grid.rows);
}

static int write_latents(const struct options *o, const struct output *out, float *z, size_t capacity) {
    struct raw_frame frame = {DTYPE_F32, shape_vector(o->dim),
                              o->grid.columns > 0 ? o->grid.columns * o->grid.rows : o->count, true};
    if (raw_write_header(out, &frame) < 0)
        return -1;
    for (uint64_t i = 0; i < frame.items;) {
        size_t n = 0;
        for (; n < capacity && i < frame.items; n++, i++) {
            if (o->grid.columns > 0)
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
