/* vae-eval: how good a model is on a stream of items, as a table. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "vae/evaluate.h"
#include "vae/model_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    struct cli_common common;
    const char *file;
    size_t samples; /* 0: not given */
    bool per_item;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {'k', "samples", "K", NULL, "K draws of z an item, and log p(x) by importance sampling (default: 1 and none)",
     CLI_SIZE(samples, 1, 1 << 24)},
    {0, "per-item", NULL, NULL, "a row an item instead of one for all", CLI_FLAG(per_item)},
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-eval",
    "-m FILE [-k K] [--per-item] [OPTION]... [FILE]",
    "Evaluates a model on a stream of items: a table (TSV) of the ELBO and its parts, in nats per item.",
    options,
    0,
    "idx2raw t10k-images-idx3-ubyte.gz | vae-eval -m model.bin -k 100",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    return o;
}

static void print_header(const struct options *o) {
    printf("%s\telbo\treconstruction\tkl", o->per_item ? "item" : "items");
    if (o->samples > 0)
        printf(o->per_item ? "\tlog_likelihood" : "\tlog_likelihood\tlog_likelihood_se\tactive_latents");
    printf("\n");
}

static void print_item(const struct options *o, uint64_t number, const struct item_figures *f) {
    printf("%" PRIu64 "\t%.4f\t%.4f\t%.4f", number, f->reconstruction - f->kl, f->reconstruction, f->kl);
    if (o->samples > 0)
        printf("\t%.4f", f->log_likelihood);
    printf("\n");
}

static void print_total(const struct options *o, const struct evaluation *total, size_t latent) {
    const struct elbo elbo = evaluation_elbo(total);
    printf("%" PRIu64 "\t%.4f\t%.4f\t%.4f", total->items, elbo.elbo, elbo.reconstruction, elbo.kl);
    if (o->samples > 0) {
        double error;
        const double log_likelihood = evaluation_log_likelihood(total, &error);
        printf("\t%.4f\t%.4f\t%zu", log_likelihood, error, evaluation_active_latents(total, latent));
    }
    printf("\n");
}

static int evaluate_frame(const struct options *o, struct evaluator *e, struct raw_reader *reader,
                          unsigned char *items, bool *grey) {
    const struct model *model = e->block.pass.model;
    const size_t bytes = raw_item_bytes(&reader->frame);
    for (;;) {
        const uint64_t number = reader->items;
        ssize_t n = raw_read(reader, items, block_room(number));
        if (n <= 0)
            return (int)n;
        for (size_t i = 0; i < (size_t)n; i++) {
            if (model_check_item(model, reader->frame.dtype, items + i * bytes, reader->in.name, number + i) < 0)
                return -1;
            *grey = *grey || model_finds_grey(model, reader->frame.dtype, items + i * bytes);
        }
        if (evaluator_add(e, reader->frame.dtype, items, (size_t)n, number, reader->in.name) < 0)
            return -1;
        for (size_t i = 0; o->per_item && i < (size_t)n; i++)
            print_item(o, number + i, &e->figures[i]);
        progress_items(reader->items, reader->total);
    }
}

static int evaluate(const struct options *o, struct evaluator *e, struct raw_reader *reader) {
    bool grey = false;
    int more;
    unsigned char *items = malloc(BLOCK_ROWS * raw_item_bytes(&reader->frame));
    if (items == NULL)
        return fail("%s: out of memory for %d items", reader->in.name, BLOCK_ROWS);
    print_header(o);
    while ((more = raw_next(reader)) == 1)
        if ((more = evaluate_frame(o, e, reader, items, &grey)) < 0)
            break;
    free(items);
    if (more == 0 && e->total.items == 0)
        more = fail("%s: no items, wanted at least 1", reader->in.name);
    if (more == 0 && grey)
        cli_note(GREY_NOTE, reader->in.name);
    if (more == 0 && !o->per_item)
        print_total(o, &e->total, e->block.pass.model->config.latent);
    return more;
}

static int run_stream(const struct options *o, const struct model *model, struct raw_reader *reader) {
    static struct evaluator evaluator;
    if (model_check_shape(model, &reader->frame.shape, o->common.model, reader->in.name) < 0)
        return -1;
    struct workers *workers = workers_start(o->common.threads);
    if (workers == NULL)
        return -1;
    progress_start(!cli_quiet(), false);
    int result = evaluator_start(&evaluator, model, workers, o->samples > 0 ? (uint32_t)o->samples : 1,
                                 o->samples > 0, o->common.seed);
    if (result == 0)
        result = evaluate(o, &evaluator, reader);
    evaluator_end(&evaluator);
    workers_stop(workers);
    return result;
}

static int run(const struct options *o) {
    struct model model;
    struct raw_reader reader;
    if (model_load(&model, o->common.model) < 0)
        return -1;
    int result = raw_open(&reader, o->file);
    if (result == 0) {
        result = run_stream(o, &model, &reader);
        raw_close(&reader);
    }
    model_free(&model);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
