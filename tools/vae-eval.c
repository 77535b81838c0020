/* SPDX-License-Identifier: MIT */
/* vae-eval: evaluates a model on a stream of items, and prints a table. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "query/evaluate_stream.h"
#include "query/mutual_information.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct options {
    struct cli_common common;
    const char *file, *labels, *target;
    size_t samples; /* 0: not given */
    bool per_item, curve, latents, mutual_information;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {'k', "samples", "K", NULL,
     "draw z K times per item, and estimate log p(x) by importance sampling (default: 1 draw, no estimate)",
     CLI_SIZE(samples, 1, 1 << 24)},
    {0, "per-item", NULL, NULL, "print one row per item instead of one for all", CLI_FLAG(per_item)},
    {0, "curve", NULL, NULL, "print one row for each of 1, 10, 100, ... draws instead, up to K of -k",
     CLI_FLAG(curve)},
    {0, "latents", NULL, NULL,
     "print one row per latent dimension instead: its KL, and mean and variance of its posterior mean",
     CLI_FLAG(latents)},
    {0, "mutual-information", NULL, NULL, "add the mutual information of latent and item; N^2 work for N items",
     CLI_FLAG(mutual_information)},
    CLI_LABELS(labels),
    {0, "target", "FILE", NULL,
     "the items' targets, nan if not known: add the R^2 of the model's prediction, with --per-item the prediction",
     CLI_FILE(target), .aside = true},
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-eval",
    "-m FILE [-k K] [--per-item | --curve | --latents] [--cond FILE] [--target FILE] [OPTION]... [FILE]",
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
    if (o.per_item + o.curve + o.latents > 1)
        cli_refuse("--per-item, --curve, --latents: found %d of them, wanted at most one",
                   o.per_item + o.curve + o.latents);
    if (o.curve && o.samples == 0)
        cli_refuse("--curve: found it without --samples, wanted the number of draws to go up to");
    if (o.latents && o.samples > 0)
        cli_refuse("--latents: found it with --samples, wanted one of them: its figures need no draws");
    if (o.mutual_information && (o.per_item || o.curve || o.latents))
        cli_refuse("--mutual-information: found it with %s, wanted the table for all items",
                   o.per_item ? "--per-item"
                   : o.curve  ? "--curve"
                              : "--latents");
    if (o.target != NULL && (o.curve || o.latents))
        cli_refuse("--target: found it with %s, wanted the table for all items, or --per-item",
                   o.curve ? "--curve" : "--latents");
    if (o.common.report_bad && !o.per_item)
        cli_refuse(
            "--on-bad: found 'report' without --per-item, wanted both: a bad item has no place in the means");
    return o;
}

/* The context of the callbacks. */
struct work {
    const struct options *options;
    struct mutual_information mutual;
};

/* Prints a cell. The sign of a NaN, which printf would print, has no meaning. */
static void print_figure(double value) {
    printf("\t%.4f", unsigned_nan(value));
}

/* 0, or -1 if the output cannot be written: the rest of a long stream is then not read in vain. */
static int print_item(const struct options *o, const struct target *target, uint64_t number,
                      const struct item_figures *f) {
    printf("%" PRIu64, number);
    print_figure(f->reconstruction - f->kl);
    print_figure(f->reconstruction);
    print_figure(f->kl);
    if (o->samples > 0) {
        print_figure(f->log_likelihood);
        print_figure(f->effective);
    }
    if (o->target != NULL)
        printf("\t%.6g", unsigned_nan(target->mean + target->deviation * f->prediction));
    printf("\n");
    return ferror(stdout) ? fail_system("stdout", "cannot write") : 0;
}

static void print_curve(const struct evaluator *e) {
    double error;
    printf("k\tlog_likelihood\tlog_likelihood_se\n");
    for (size_t i = 0; i < e->points; i++) {
        const double mean = tally_mean(&e->total.curve[i], e->total.items, &error);
        printf("%" PRIu32 "\t%.4f\t%.4f\n", e->point[i], mean, error);
    }
}

/* Prints one row per latent. Without a closed form KL is not a sum over latents, and its column has nan. */
static void print_latents(const struct evaluation *total, const struct model_config *config) {
    printf("latent\tkl\tactive\tmean\tvariance\n");
    for (size_t i = 0; i < config->latent; i++) {
        const struct latent_figures f = latent_figures(&total->latents[i], total->items);
        printf("%zu\t%.6f\t%d\t%.6f\t%.6f\n", i, config->prior->kl == NULL ? NAN : f.kl, f.active, f.mean,
               f.variance);
    }
}

/* Notes that the prior differs from the latents of the items, unless the estimate is near its greatest value, log
 * N. */
static void note_marginal(const struct stream_evaluation *s, double information, double marginal_kl) {
    const struct model_config *c = &s->model.config;
    if (c->prior == &prior_normal && marginal_kl > 1 && information < log((double)s->evaluator.total.items) - 1)
        cli_note(
            "%s: the latents of all items together are about %.1f nats (KL) from N(0, I): samples from the prior "
            "will differ from the items, although reconstructions may be good%s",
            s->model_path, marginal_kl,
            c->classes == 0 ? "; vae-train --prior vamp:K learns a prior that fits them" : "");
}

static int print_total(struct work *w, const struct stream_evaluation *s) {
    const struct options *o = w->options;
    const struct evaluation *total = &s->evaluator.total;
    const struct elbo elbo = evaluation_elbo(total);
    const double elements = total->elements > 0 ? total->elements : NAN;
    const double nats = elements / (double)total->items * log(2); /* nats per item that make one bit per element */
    double error, information = 0;
    if (o->mutual_information && mutual_information_value(&w->mutual, s->workers, &information) < 0)
        return -1;
    printf("items\telbo\treconstruction\tkl%s\tactive_latents\telbo_se\telbo_bits%s%s%s\n",
           o->samples > 0 ? "\tlog_likelihood\tlog_likelihood_se" : "",
           o->samples > 0 ? "\tlog_likelihood_bits\teffective_samples" : "",
           o->mutual_information ? "\tmutual_information\tmarginal_kl" : "",
           o->target != NULL ? "\ttarget_r2" : "");
    printf("%" PRIu64 "\t%.4f\t%.4f\t%.4f", total->items, elbo.elbo, elbo.reconstruction, elbo.kl);
    const double log_likelihood = evaluation_log_likelihood(total, &error);
    if (o->samples > 0)
        printf("\t%.4f\t%.4f", log_likelihood, error);
    (void)tally_mean(&total->elbo, total->items, &error);
    printf("\t%zu\t%.4f\t%.6f", latents_active(total->latents, s->model.config.latent, total->items), error,
           elbo.elbo / nats);
    if (o->samples > 0)
        printf("\t%.6f\t%.4f", log_likelihood / nats, total->effective / (double)total->items);
    if (o->mutual_information)
        printf("\t%.4f\t%.4f", information, elbo.kl - information);
    if (o->target != NULL)
        print_figure(elbo.target.r2);
    printf("\n");
    if (o->mutual_information)
        note_marginal(s, information, elbo.kl - information);
    return 0;
}

static int begin(struct stream_evaluation *s) {
    struct work *w = s->context;
    mutual_information_start(&w->mutual, s->model.config.latent, s->seed);
    if (w->options->per_item)
        printf("item\telbo\treconstruction\tkl%s%s\n",
               w->options->samples > 0 ? "\tlog_likelihood\teffective_samples" : "",
               w->options->target != NULL ? "\tprediction" : "");
    return 0;
}

static int add_batch(struct stream_evaluation *s, size_t count, uint64_t item) {
    struct work *w = s->context;
    for (size_t i = 0; i < count; i++) {
        if (w->options->per_item &&
            print_item(w->options, &s->model.config.target, item + i, &s->evaluator.figures[i]) < 0)
            return -1;
        if (w->options->mutual_information &&
            mutual_information_add(&w->mutual, evaluator_heads(&s->evaluator, i)) < 0)
            return -1;
    }
    return 0;
}

static int end(struct stream_evaluation *s) {
    struct work *w = s->context;
    if (s->input.reader.items == 0)
        return fail("%s: no items, wanted at least 1", s->input.reader.in.name);
    if (s->grey)
        cli_note(GREY_NOTE, s->input.reader.in.name);
    if (w->options->curve)
        print_curve(&s->evaluator);
    else if (w->options->latents)
        print_latents(&s->evaluator.total, &s->model.config);
    else if (!w->options->per_item)
        return print_total(w, s);
    return 0;
}

static int run(const struct options *o) {
    static struct stream_evaluation stream;
    struct work work = {.options = o};
    stream = (struct stream_evaluation){.model_path = o->common.model,
                                        .path = o->file,
                                        .labels_path = o->labels,
                                        .targets_path = o->target,
                                        .threads = o->common.threads,
                                        .seed = o->common.seed,
                                        .samples = o->samples > 0 ? (uint32_t)o->samples : 1,
                                        .marginal = o->samples > 0,
                                        .bad = {.report = o->common.report_bad},
                                        .context = &work,
                                        .begin = begin,
                                        .batch = add_batch,
                                        .end = end};
    progress_start(!cli_quiet(), false);
    int result = stream_evaluate(&stream);
    mutual_information_end(&work.mutual);
    return bad_items_finish(&stream.bad, stream.input.reader.in.name, result);
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
