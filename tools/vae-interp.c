/* SPDX-License-Identifier: MIT */
/* vae-interp: points on the paths from each latent of a stream to the next. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "kernel/math_kernel.h"
#include "query/interpolation.h"
#include "query/latent_map.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct cli_common common; /* quiet and report_bad are used */
    const char *file;
    size_t steps;
    bool spherical;
};

static const struct cli_option options[] = {
    {0, "steps", "N", "8", "points per path, both ends included", CLI_SIZE(steps, 2, 1 << 24)},
    {0, "spherical", NULL, NULL, "follow arcs around the origin instead of straight lines", CLI_FLAG(spherical)},
    CLI_ON_BAD,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-interp",
    "[--steps N] [--spherical] [--on-bad NAME] [-q] [FILE]",
    "Interpolates a stream of latents: points on the path from each latent to the next.",
    options,
    0,
    "vae-encode -m model.bin few.raw | vae-interp --steps 8 | vae-decode -m model.bin | raw2pgm -c 8 > paths.pgm",
};

/* The state between two latents. */
struct walk {
    const struct options *options;
    float *from, *z; /* [latent] each: the previous latent, and scratch for a point; owned */
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    return o;
}

static int prepare(struct latent_map *map) {
    struct walk *walk = map->context;
    walk->from = malloc(2 * map->latent * sizeof *walk->from);
    if (walk->from == NULL)
        return fail("%s: out of memory for latents of %zu", map->reader.in.name, map->latent);
    walk->z = walk->from + map->latent;
    return 0;
}

/* Each latent but the first ends a path. */
static int results(const struct latent_map *map, uint64_t number, uint64_t items, uint64_t *count) {
    const struct walk *walk = map->context;
    const uint64_t paths = number == 0 && items > 0 ? items - 1 : items;
    return __builtin_mul_overflow(paths, (uint64_t)walk->options->steps, count) ? -1 : 0;
}

/* Sets walk->z to point i of the path that ends at latent number `number`. 0, or -1 with a message. */
static int set_point(const struct latent_map *map, const float *to, uint64_t number, size_t i) {
    const struct walk *walk = map->context;
    const double t = (double)i / (double)(walk->options->steps - 1);
    if (!walk->options->spherical)
        interpolate_linear(walk->from, to, t, walk->z, map->latent);
    else if (interpolate_spherical(walk->from, to, t, walk->z, map->latent) < 0)
        return fail("%s: items %" PRIu64 " and %" PRIu64 " are opposite, wanted an angle for an arc",
                    map->reader.in.name, number - 1, number);
    return math_kernel()->finite(walk->z, map->latent)
               ? 0
               : fail("%s: items %" PRIu64 " and %" PRIu64
                      " have an arc beyond what floats hold, wanted smaller ones",
                      map->reader.in.name, number - 1, number);
}

/* A path with a bad end, which was reported, is NaN throughout. Of another path that is bad, it is the points that
 * are not finite. */
static int write_path(struct latent_map *map, const float *to, uint64_t number) {
    struct walk *walk = map->context;
    bool known = isnan(walk->from[0]) || isnan(to[0]);
    for (size_t i = 0; i < walk->options->steps; i++) {
        if (set_point(map, to, number, i) < 0) {
            if (!known && bad_items_add(&map->bad) < 0)
                return -1;
            known = true;
            bad_items_answer(DTYPE_F32, walk->z, map->latent);
        }
        if (latent_map_write(map, walk->z) < 0)
            return -1;
    }
    return 0;
}

static int item(struct latent_map *map, float *z, uint64_t number) {
    struct walk *walk = map->context;
    if (number > 0 && write_path(map, z, number) < 0)
        return -1;
    memcpy(walk->from, z, map->latent * sizeof *z);
    return 0;
}

static int end(struct latent_map *map) {
    return map->reader.items < 2 ? fail("%s: found %" PRIu64 " items, wanted at least 2: a path has two ends",
                                        map->reader.in.name, map->reader.items)
                                 : 0;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    struct walk walk = {.options = &o};
    struct latent_map map = {.path = o.file,
                             .bad = {.report = o.common.report_bad},
                             .context = &walk,
                             .prepare = prepare,
                             .results = results,
                             .item = item,
                             .end = end};
    progress_start(!cli_quiet(), true);
    const int result = latent_map_run(&map);
    free(walk.from);
    return cli_finish(result);
}
