/* SPDX-License-Identifier: MIT */
/* vae-score: one number per item: the higher, the less typical. */
#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "query/calibration.h"
#include "query/element_scores.h"
#include "query/evaluate_stream.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* A method: computes the score from the figures of an item. */
struct method {
    const char *name;
    bool marginal;    /* needs log p(x) */
    bool has_kl;      /* the score is that of the elements and the KL */
    uint32_t samples; /* draws of z without -k; 0: z is mu */
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
    {"elbo", false, true, 0, minus_elbo},
    {"nll", true, false, 100, minus_log_likelihood},
    {"reconstruction", false, false, 0, minus_reconstruction},
};

struct options {
    struct cli_common common;
    const char *file, *calibrate, *write_calibration, *labels;
    const struct method *method;
    size_t samples; /* 0: not given */
    bool per_observed, per_element;
};

static int parse_method(void *field, const char *name, const char *text) {
    const int i = parse_name(name, text, methods, sizeof methods / sizeof *methods, sizeof *methods);
    if (i < 0)
        return -1;
    *(const struct method **)field = &methods[i];
    return 0;
}

static const char *method_name(size_t i) {
    return i < sizeof methods / sizeof *methods ? methods[i].name : NULL;
}

static const struct cli_option options[] = {
    CLI_MODEL,
    {0, "method", "NAME", "elbo",
     "the score: elbo (minus the ELBO), nll (-log p(x)) or reconstruction (minus its term of the ELBO)",
     CLI_PARSE(parse_method, method), .names = method_name},
    {'k', "samples", "K", NULL,
     "draw z K times per item (default: z is its mean, without noise; 100 draws for nll)",
     CLI_SIZE(samples, 1, 1 << 24)},
    {0, "per-observed", NULL, NULL, "divide each score by the number of the item's elements that are not missing",
     CLI_FLAG(per_observed)},
    {0, "per-element", NULL, NULL, "write the score of each element instead, and the KL as the last number",
     CLI_FLAG(per_element)},
    {0, "write-calibration", "FILE", NULL, "write the scores, of normal items, to FILE, too, for --calibrate",
     CLI_FILE(write_calibration)},
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
    "-m FILE [--method NAME] [-k K] [--per-observed | --per-element] [OPTION]... [FILE]",
    "Scores a stream of items with one number per item: the higher, the less typical.",
    options,
    0,
    "vae-score -m model.bin new.raw | raw2csv > scores.csv",
};

/* Refuses options that do not go together. */
static void check(const struct options *o) {
    if (o->calibrate != NULL && o->write_calibration != NULL)
        cli_refuse("--calibrate: found it with --write-calibration, wanted one of the two");
    if (!o->per_element)
        return;
    if (o->method->marginal)
        cli_refuse(
            "--per-element: found it with --method %s, wanted elbo or reconstruction: log p(x) is no sum over "
            "elements",
            o->method->name);
    if (o->per_observed || o->calibrate != NULL || o->write_calibration != NULL)
        cli_refuse("--per-element: found it with %s, wanted one of the two", o->per_observed ? "--per-observed"
                                                                             : o->calibrate != NULL
                                                                                 ? "--calibrate"
                                                                                 : "--write-calibration");
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    check(&o);
    return o;
}

/* Calibration scores were made with the noise of the seed, item by item. The scored items need other noise:
 * otherwise item i would share that of calibration item i, and their scores would not be exchangeable. */
#define OTHER_NOISE 0x9e3779b97f4a7c15u

/* The context of the callbacks. */
struct work {
    const struct options *options;
    struct calibration calibration;
    struct atomic_file file; /* of --write-calibration */
    struct element_scores elements;
    double *row; /* of --per-element, the score of each element and the KL, if the method has it; owned */
    struct raw_writer out;
    uint64_t incomplete; /* items with missing elements */
};

static struct score_kind kind_of(const struct stream_evaluation *s) {
    const struct work *w = s->context;
    return (struct score_kind){.model = s->model.digest,
                               .method = w->options->method->name,
                               .draws = s->samples,
                               .per_observed = w->options->per_observed};
}

/* Returns how many numbers are written for each item. */
static size_t columns(const struct stream_evaluation *s) {
    const struct work *w = s->context;
    return w->options->per_element ? s->model.elements + w->options->method->has_kl : 1;
}

static int begin_elements(struct work *w, struct stream_evaluation *s) {
    w->row = malloc(columns(s) * sizeof *w->row);
    return w->row == NULL ? fail("scores: out of memory for the elements of an item")
                          : element_scores_start(&w->elements, &s->evaluator);
}

static int begin(struct stream_evaluation *s) {
    struct work *w = s->context;
    const struct score_kind kind = kind_of(s);
    if (w->options->per_element)
        return begin_elements(w, s);
    return w->options->calibrate == NULL ? 0 : calibration_load(&w->calibration, &kind, w->options->calibrate);
}

static int write_header(struct stream_evaluation *s, uint64_t items, bool last) {
    struct work *w = s->context;
    const bool shaped = w->options->per_element && !w->options->method->has_kl;
    const struct raw_frame frame = {DTYPE_F64, shaped ? s->model.config.item : shape_vector(columns(s)), items,
                                    last};
    return raw_write_header(&w->out, &frame);
}

/* Sums of no elements and of all are not alike. */
static int check_observed(struct stream_evaluation *s, size_t i, uint64_t item) {
    struct work *w = s->context;
    const size_t observed = s->evaluator.figures[i].observed;
    w->incomplete += observed < s->model.elements;
    return w->options->per_observed && observed == 0
               ? fail("%s: item %" PRIu64 " has no observed element, wanted at least 1 for --per-observed",
                      s->input.reader.in.name, item)
               : 0;
}

/* Returns a NaN as the one that has always the same bytes. */
static double plain(double score) {
    return isnan(score) ? (double)NAN : score;
}

static double score_of(const struct work *w, const struct item_figures *f) {
    const double score = plain(w->options->method->score(f));
    if (!w->options->per_observed)
        return score;
    return f->observed == 0 ? (double)NAN : score / (double)f->observed;
}

static int write_scores(struct stream_evaluation *s, size_t count) {
    struct work *w = s->context;
    double scores[BATCH_ROWS];
    for (size_t i = 0; i < count; i++) {
        scores[i] = score_of(w, &s->evaluator.figures[i]);
        if (w->options->write_calibration != NULL && !s->is_bad[i] &&
            calibration_add(&w->calibration, scores[i]) < 0)
            return -1;
        if (w->options->calibrate != NULL && !isnan(scores[i]))
            scores[i] = calibration_p(&w->calibration, scores[i]);
    }
    return raw_write(&w->out, scores, count * sizeof *scores);
}

/* Elements of an item that was refused are not computed from its own values. */
static int write_elements(struct stream_evaluation *s, size_t count) {
    struct work *w = s->context;
    const size_t n = s->model.elements;
    for (size_t i = 0; i < count; i++) {
        const double *term = element_scores_of(&w->elements, i), kl = s->evaluator.figures[i].kl;
        const bool refused = isnan(s->evaluator.figures[i].reconstruction) && s->is_bad[i];
        for (size_t j = 0; j < n; j++)
            w->row[j] = refused ? (double)NAN : plain(term[j]);
        if (w->options->method->has_kl)
            w->row[n] = plain(kl);
        if (raw_write(&w->out, w->row, columns(s) * sizeof *w->row) < 0)
            return -1;
    }
    return 0;
}

static int write_batch(struct stream_evaluation *s, size_t count, uint64_t item) {
    const struct work *w = s->context;
    (void)item;
    return w->options->per_element ? write_elements(s, count) : write_scores(s, count);
}

/* Notes that scores of items with fewer observed elements than others are sums of fewer terms. */
static void note_incomplete(const struct stream_evaluation *s) {
    const uint64_t items = ((const struct work *)s->context)->incomplete;
    if (items == 0)
        return;
    if (s->model.config.tokens != NULL)
        cli_note("%s: %" PRIu64
                 " of the sequences end before the last position, and their scores are sums of fewer "
                 "terms than those of longer ones (--per-observed divides by the number of terms)",
                 s->input.reader.in.name, items);
    else
        cli_note("%s: elements are missing in %" PRIu64
                 " of the items, whose scores are sums of fewer terms than others "
                 "(--per-observed divides by the number of terms)",
                 s->input.reader.in.name, items);
}

static int end(struct stream_evaluation *s) {
    struct work *w = s->context;
    const struct score_kind kind = kind_of(s);
    if (s->grey)
        cli_note(GREY_NOTE, s->input.reader.in.name);
    if (!w->options->per_observed && !w->options->per_element)
        note_incomplete(s);
    if (w->options->write_calibration == NULL)
        return 0;
    return atomic_begin(&w->file) < 0 || calibration_write(&w->calibration, &kind, &w->file.out) < 0
               ? -1
               : atomic_commit(&w->file);
}

/* Takes the place of the calibration. Refuses one that is read or written otherwise. 0 or -1. */
static int open_calibration(struct work *w) {
    const struct options *o = w->options;
    const char *const path = o->write_calibration, *const inputs[] = {o->common.model,
                                                                      o->file == NULL ? "-" : o->file, o->labels};
    if (path == NULL)
        return 0;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (inputs[i] != NULL && atomic_writes(path, inputs[i]))
            return fail("%s: would be written and is also read as %s, wanted a file of its own", path, inputs[i]);
    if (is_standard_output(path))
        return fail("%s: is standard output, too, wanted another file", path);
    return atomic_open(&w->file, path);
}

static void end_work(struct work *w) {
    atomic_abandon(&w->file);
    calibration_free(&w->calibration);
    element_scores_end(&w->elements);
    free(w->row);
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
                                        .begin = begin,
                                        .frame = write_header,
                                        .item = check_observed,
                                        .batch = write_batch,
                                        .end = end};
    if (raw_writer_start(&work.out) < 0 || open_calibration(&work) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    int result = stream_evaluate(&stream);
    if (result == 0)
        result = raw_finish(&work.out);
    end_work(&work);
    return bad_items_finish(&stream.bad, stream.input.reader.in.name, result);
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
