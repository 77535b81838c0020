/* SPDX-License-Identifier: MIT */
/* vae-score: one number per item: the higher, the less typical. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "query/calibration.h"
#include "query/evaluate_stream.h"

#include <math.h>

/* A method: computes the score from the figures of an item. */
struct method {
    const char *name;
    bool marginal;    /* needs log p(x) */
    uint32_t samples; /* draws of z without -k */
    double (*score)(const struct item_figures *figures);
};

static double minus_elbo(const struct item_figures *f) {
    return f->kl - f->reconstruction;
}

static double minus_log_likelihood(const struct item_figures *f) {
    return -f->log_likelihood;
}

static double minus_reconstruction(const struct item_figures *f) {
    return -f->reconstruction;
}

static const struct method methods[] = {
    {"elbo", false, 1, minus_elbo},
    {"nll", true, 100, minus_log_likelihood},
    {"reconstruction", false, 1, minus_reconstruction},
};

struct options {
    struct cli_common common;
    const char *file, *calibrate, *labels;
    const struct method *method;
    size_t samples; /* 0: not given */
};

static int parse_method(void *field, const char *name, const char *text) {
    const int i = parse_name(name, text, methods, sizeof methods / sizeof *methods, sizeof *methods);
    if (i < 0)
        return -1;
    *(const struct method **)field = &methods[i];
    return 0;
}

static const struct cli_option options[] = {
    CLI_MODEL,
    {0, "method", "NAME", "elbo",
     "the score: elbo (minus the ELBO), nll (-log p(x)) or reconstruction (minus its term of the ELBO)",
     CLI_PARSE(parse_method, method)},
    {'k', "samples", "K", NULL, "draws of z per item (default 1; 100 for nll)", CLI_SIZE(samples, 1, 1 << 24)},
    {0, "calibrate", "FILE", NULL, "write p-values instead, from these scores of normal items",
     CLI_FILE(calibrate)},
    CLI_LABELS(labels),
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-score",
    "-m FILE [--method NAME] [-k K] [--calibrate FILE] [--cond FILE] [OPTION]... [FILE]",
    "Scores a stream of items with one number per item: the higher, the less typical.",
    options,
    0,
    "vae-score -m model.bin new.raw | tail -c +65 | od -A n -v -t f8 -w8",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    return o;
}

/* Calibration scores were made with the noise of the seed, item by item. The scored items need other noise:
 * otherwise item i would share that of calibration item i, and their scores would not be exchangeable. */
#define OTHER_NOISE 0x9e3779b97f4a7c15u

/* The context of the callbacks. */
struct work {
    const struct options *options;
    struct calibration calibration;
    struct raw_writer out;
};

static int write_header(struct stream_evaluation *s, uint64_t items, bool last) {
    struct work *w = s->context;
    const struct raw_frame frame = {DTYPE_F64, shape_vector(1), items, last};
    return raw_write_header(&w->out, &frame);
}

static int write_scores(struct stream_evaluation *s, size_t count, uint64_t item) {
    struct work *w = s->context;
    double scores[BATCH_ROWS];
    (void)item;
    for (size_t i = 0; i < count; i++) {
        scores[i] = w->options->method->score(&s->evaluator.figures[i]);
        if (isnan(scores[i]))
            scores[i] = (double)NAN; /* the same bytes for each, also its sign */
        else if (w->options->calibrate != NULL)
            scores[i] = calibration_p(&w->calibration, scores[i]);
    }
    return raw_write(&w->out, scores, count * sizeof *scores);
}

static int end(struct stream_evaluation *s) {
    if (s->grey)
        cli_note(GREY_NOTE, s->input.reader.in.name);
    return 0;
}

static int run(const struct options *o) {
    static struct stream_evaluation stream;
    struct work work = {.options = o};
    stream = (struct stream_evaluation){.model_path = o->common.model,
                                        .path = o->file,
                                        .labels_path = o->labels,
                                        .threads = o->common.threads,
                                        .seed = o->common.seed ^ (o->calibrate != NULL ? OTHER_NOISE : 0),
                                        .samples = o->samples > 0 ? (uint32_t)o->samples : o->method->samples,
                                        .marginal = o->method->marginal,
                                        .bad = {.report = o->common.report_bad},
                                        .context = &work,
                                        .frame = write_header,
                                        .batch = write_scores,
                                        .end = end};
    if (raw_writer_start(&work.out) < 0 ||
        (o->calibrate != NULL && calibration_load(&work.calibration, o->calibrate) < 0))
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = stream_evaluate(&stream);
    calibration_free(&work.calibration);
    return bad_items_finish(&stream.bad, stream.input.reader.in.name, result < 0 ? -1 : raw_finish(&work.out));
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
