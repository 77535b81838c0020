/* SPDX-License-Identifier: MIT */
/* vae-traverse: latents in which one number at a time takes quantiles of the prior. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "dist/prior.h"
#include "model/model_config.h"
#include "query/latent_map.h"

#include <math.h>

#define MAX_LISTED 1024

/* The numbers of a latent that are varied. */
struct list {
    size_t count; /* 0: all */
    size_t latent[MAX_LISTED];
};

struct options {
    struct cli_common common; /* quiet and report_bad are used */
    const char *file;
    size_t steps;
    struct list list;
};

static int parse_latents(void *field, const char *name, const char *text) {
    struct list *list = field;
    return parse_list(name, text, ',', 0, MODEL_MAX_LATENT - 1, MAX_LISTED, list->latent, &list->count);
}

static const struct cli_option options[] = {
    {0, "steps", "N", "8", "quantiles per dimension: those of (i + 1/2) / N, for i from 0 to N - 1",
     CLI_SIZE(steps, 1, 1 << 24)},
    {0, "latent", "LIST", NULL, "vary these dimensions of a latent, such as 0,3 (default: each)",
     CLI_PARSE(parse_latents, list)},
    CLI_ON_BAD,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-traverse",
    "[--steps N] [--latent LIST] [--on-bad NAME] [-q] [FILE]",
    "Writes, for each latent and each of its dimensions, latents in which this dimension takes quantiles of the "
    "prior.",
    options,
    0,
    "vae-encode -m model.bin one.raw | vae-traverse --steps 8 | vae-decode -m model.bin | raw2pgm -c 8 > rows.pgm",
};

static size_t moved(const struct options *o, const struct latent_map *map) {
    return o->list.count > 0 ? o->list.count : map->latent;
}

static int prepare(struct latent_map *map) {
    const struct options *o = map->context;
    for (size_t i = 0; i < o->list.count; i++)
        if (o->list.latent[i] >= map->latent)
            return fail("%s: latents have %zu numbers, --latent wants number %zu (from 0)", map->reader.in.name,
                        map->latent, o->list.latent[i]);
    return 0;
}

static int results(const struct latent_map *map, uint64_t number, uint64_t items, uint64_t *count) {
    const struct options *o = map->context;
    (void)number;
    return __builtin_mul_overflow(items, (uint64_t)(moved(o, map) * o->steps), count) ? -1 : 0;
}

static int item(struct latent_map *map, float *z, uint64_t number) {
    const struct options *o = map->context;
    (void)number;
    for (size_t i = 0; i < moved(o, map); i++) {
        float *const one = &z[o->list.count > 0 ? o->list.latent[i] : i], own = *one;
        for (size_t step = 0; step < o->steps; step++) {
            *one = isnan(own) ? own : (float)prior_normal.quantile(((double)step + 0.5) / (double)o->steps);
            if (latent_map_write(map, z) < 0)
                return -1;
        }
        *one = own;
    }
    return 0;
}

int main(int argc, char **argv) {
    static struct options o;
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    struct latent_map map = {.path = o.file,
                             .bad = {.report = o.common.report_bad},
                             .context = &o,
                             .prepare = prepare,
                             .results = results,
                             .item = item};
    progress_start(!cli_quiet(), true);
    return cli_finish(latent_map_run(&map));
}
