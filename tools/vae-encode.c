/* SPDX-License-Identifier: MIT */
/* vae-encode: a stream of items to a stream of latents. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "query/item_map.h"

struct options {
    struct cli_common common;
    const char *file, *labels;
    bool sample, stats;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {0, "sample", NULL, NULL, "write a draw from q(z|x) instead of its mean", CLI_FLAG(sample)},
    {0, "stats", NULL, NULL, "write mean and logvar instead: items of shape 2xL", CLI_FLAG(stats)},
    CLI_LABELS(labels),
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-encode",
    "-m FILE [--sample | --stats] [--cond FILE] [OPTION]... [FILE]",
    "Encodes a stream of items: for each, writes a latent, the mean of its posterior q(z|x).",
    options,
    0,
    "idx2raw images.gz | vae-encode -m model.bin | vae-decode -m model.bin | raw2pgm > again.pgm",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    if (o.sample && o.stats)
        cli_refuse("--sample: found it with --stats, wanted one of the two");
    return o;
}

static void encode_range(const struct item_map *map, struct batch *batch, const struct range *range) {
    const struct options *o = map->options;
    struct pass *p = &batch->pass;
    const struct model *m = &map->model;
    batch_load_items(batch, range, map->seed);
    pass_forward(p, 0, m->posterior + 1, range->base, range->all);
    for (size_t row = range->first; row < range->first + range->rows; row++) {
        if (!o->sample) {
            draw_set_mean(p, m->z, row);
            continue;
        }
        noise_normal(draw_epsilon(p, m->z, row), m->config.latent,
                     (struct noise){.seed = map->seed,
                                    .purpose = PURPOSE_POSTERIOR,
                                    .item = batch->item + batch_index(batch, row)});
        pass_forward(p, m->z, m->z + 1, row, 1);
    }
}

static float *results(const struct item_map *map, const struct pass *pass) {
    const struct options *o = map->options;
    return o->stats ? posterior_heads(pass, map->model.posterior, 0) : draw_of(pass, map->model.z, 0);
}

static int prepare(struct item_map *map) {
    const struct options *o = map->options;
    const size_t latent = map->model.config.latent;
    map->shape = o->stats ? (struct shape){2, {2, latent}} : shape_vector(map->model.decoder_inputs);
    if (model_check_labels(&map->model, map->labels_path, map->model_path) < 0)
        return -1;
    return model_check_shape(&map->model, &map->input.reader.frame.shape, map->model_path,
                             map->input.reader.in.name);
}

static int check(const struct item_map *map, const void *items, size_t count, uint64_t first) {
    const struct raw_reader *reader = &map->input.reader;
    return model_check_items(&map->model, reader->frame.dtype, items, count, reader->in.name, first);
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
                           .range = encode_range,
                           .results = results};
    progress_start(!cli_quiet(), true);
    return cli_finish(item_map_run(&map));
}
