/* SPDX-License-Identifier: MIT */
/* vae-decode: a stream of latents to a stream of items. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "query/generate.h"
#include "query/item_map.h"
#include "query/latent_map.h"

struct options {
    struct cli_common common;
    const char *file, *labels;
    bool sample;
    double temperature;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {0, "sample", NULL, NULL, "write a draw from p(x|z) instead of its mean", CLI_FLAG(sample)},
    {0, "temperature", "T", "1", "of categories: decode with probabilities proportional to p^(1/T)",
     CLI_REAL(temperature, 1e-3, 1e3)},
    CLI_LABELS(labels),
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-decode",
    "-m FILE [--sample] [--temperature T] [--cond FILE] [OPTION]... [FILE]",
    "Decodes a stream of latents: for each, writes an item, the mean of p(x|z).",
    options,
    0,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    if (o.temperature != 1 && !o.sample)
        cli_refuse("--temperature: found it without --sample, wanted both: it changes what is drawn");
    o.file = cli_operand();
    return o;
}

static void decode_range(const struct item_map *map, struct batch *batch, const struct range *range) {
    const struct options *o = map->options;
    batch_load_latents(batch, range);
    generate(batch, range,
             &(struct generation){.sample = o->sample, .temperature = o->temperature, .seed = map->seed});
}

static float *results(const struct item_map *map, const struct pass *pass) {
    return model_x(&map->model, pass, 0);
}

static int check(const struct item_map *map, const void *items, size_t count, uint64_t first) {
    return latent_check_items(&map->input.reader, items, count, first);
}

/* A temperature changes draws of categories, and nothing else. 0 or -1. */
static int check_temperature(const struct item_map *map) {
    const struct options *o = map->options;
    const struct likelihood *l = map->model.config.likelihood;
    return o->temperature == 1 || l->has_levels
               ? 0
               : fail("%s: has the likelihood %s, wanted categorical for --temperature", map->model_path, l->name);
}

static int prepare(struct item_map *map) {
    const struct raw_frame *frame = &map->input.reader.frame;
    const size_t latent = map->model.config.latent, code = map->model.decoder_inputs, found = frame->shape.dim[0];
    const bool labels = map->labels_path != NULL; /* of a conditional model; else they were refused */
    char shape[SHAPE_TEXT];
    map->shape = map->model.config.item;
    if (check_temperature(map) < 0)
        return -1;
    (void)shape_text(&frame->shape, shape);
    if (frame->shape.rank != 1)
        return fail("%s: items have shape %s, %s wants latents of %zu (vae-encode makes them)",
                    map->input.reader.in.name, shape, map->model_path, latent);
    if (!labels && code > latent && found != code)
        return fail("%s: items have shape %s, %s wants %zu: a latent of %zu and its label (--cond gives labels, "
                    "vae-sample -m %s --class appends one to each latent)",
                    map->input.reader.in.name, shape, map->model_path, code, latent, map->model_path);
    if (found != latent && found != code && map->model.config.prior != &prior_normal)
        return fail("%s: items have shape %s, %s wants %zu (vae-sample -m %s)", map->input.reader.in.name, shape,
                    map->model_path, latent, map->model_path);
    if (found != latent && found != code)
        return fail("%s: items have shape %s, %s wants %zu (vae-sample -d %zu)", map->input.reader.in.name, shape,
                    map->model_path, latent, latent);
    return latent_check_frame(&map->input.reader);
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    struct item_map map = {.model_path = o.common.model,
                           .path = o.file,
                           .labels_path = o.labels,
                           .threads = o.common.threads,
                           .seed = o.common.seed,
                           .bad = {.report = o.common.report_bad},
                           .options = &o,
                           .prepare = prepare,
                           .check = check,
                           .range = decode_range,
                           .results = results};
    progress_start(!cli_quiet(), true);
    return cli_finish(item_map_run(&map));
}
