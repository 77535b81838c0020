/* SPDX-License-Identifier: MIT */
/* vae-impute: fills in the missing elements of a stream of items. */
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "query/evaluate_stream.h"
#include "query/impute.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define POOR 5 /* with fewer effective samples than this an item's numbers are a guess */

struct options {
    struct cli_common common;
    const char *file, *labels;
    size_t samples;
    bool sample;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {'k', "samples", "K", "100", "draws of z per item, weighted by importance", CLI_SIZE(samples, 1, 1 << 24)},
    {0, "sample", NULL, NULL, "fill in a draw instead of the mean", CLI_FLAG(sample)},
    CLI_LABELS(labels),
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-impute",
    "-m FILE [-k K] [--sample] [--cond FILE] [OPTION]... [FILE]",
    "Fills in the missing elements (nan) of a stream of items; the others stay as they are.",
    options,
    0,
    "vae-impute -m model.bin holes.raw | raw2pgm > whole.pgm",
};

/* The context of the callbacks. */
struct work {
    const struct options *options;
    struct imputer imputer;
    struct raw_writer out;
    uint64_t filled, poor; /* items with missing elements, and those among them with fewer than POOR samples */
};

static int begin(struct stream_evaluation *s) {
    struct work *w = s->context;
    const enum dtype dtype = s->input.reader.frame.dtype;
    if (s->model.config.tokens != NULL)
        return fail(
            "%s: is a model of sequences, in which no token is missing, wanted one trained without --tokens",
            s->model_path);
    if (!dtype_is_real(dtype))
        return fail("%s: items are %s, so no element is missing, wanted f32 or f64 with nan for missing elements",
                    s->input.reader.in.name, dtype_name(dtype));
    if (!w->options->sample && s->model.config.likelihood->start == NULL)
        return fail("%s: has likelihood %s, which has no mean, wanted --sample", s->model_path,
                    s->model.config.likelihood->name);
    return imputer_start(&w->imputer, &s->evaluator, w->options->sample);
}

static int write_header(struct stream_evaluation *s, uint64_t items, bool last) {
    struct work *w = s->context;
    const struct raw_frame frame = {s->input.reader.frame.dtype, s->input.reader.frame.shape, items, last};
    return raw_write_header(&w->out, &frame);
}

/* Fills in the missing elements of an item from x [n], in the dtype of the stream. Observed elements keep their
 * bits, and are marked in observed [n]. Returns how many elements were missing, or -1 without a message if x is not
 * finite there. */
static ssize_t fill(unsigned char *item, enum dtype dtype, const float *x, size_t n, bool *observed) {
    const size_t size = dtype_size(dtype);
    ssize_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        const double wide = (double)x[i];
        if (!isnan(dtype_value(dtype, item + i * size))) {
            observed[i] = true;
            continue;
        }
        if (!isfinite(x[i]))
            return -1;
        memcpy(item + i * size, dtype == DTYPE_F64 ? (const void *)&wide : &x[i], size);
        missing++;
    }
    return missing;
}

static int fill_item(struct stream_evaluation *s, size_t i, uint64_t item) {
    struct work *w = s->context;
    const struct raw_frame *frame = &s->input.reader.frame;
    const ssize_t missing = fill(s->input.items + i * raw_item_bytes(frame), frame->dtype,
                                 w->imputer.x + i * s->model.elements, s->model.elements, w->imputer.observed);
    if (missing < 0)
        return fail("%s: item %" PRIu64
                    " gets a number that is not finite, wanted numbers: is it like the items that "
                    "%s was trained on?",
                    s->input.reader.in.name, item, s->model_path);
    w->filled += missing > 0;
    w->poor += missing > 0 && s->evaluator.figures[i].effective < POOR;
    return 0;
}

static int write_items(struct stream_evaluation *s, size_t count, uint64_t item) {
    struct work *w = s->context;
    const struct raw_frame *frame = &s->input.reader.frame;
    (void)item;
    for (size_t i = 0; i < count; i++)
        if (s->is_bad[i])
            bad_items_answer(frame->dtype, s->input.items + i * raw_item_bytes(frame), s->model.elements);
    return raw_write(&w->out, s->input.items, count * raw_item_bytes(frame));
}

/* Notes elements that no item of the stream has. Of one item alone this says nothing. */
static void note_never_observed(const struct stream_evaluation *s) {
    const struct work *w = s->context;
    size_t first = 0, count = 0;
    for (size_t i = 0; i < s->model.elements; i++)
        if (!w->imputer.observed[i] && count++ == 0)
            first = i;
    if (count > 0 && w->filled > 1)
        cli_note("%s: no item has element %zu (%zu such elements in all): their values come from the model alone",
                 s->input.reader.in.name, first, count);
}

/* Prints a note if there is nothing to fill in, or if the numbers of some items cannot be trusted. */
static int end(struct stream_evaluation *s) {
    const struct work *w = s->context;
    if (w->filled == 0)
        cli_note("%s: no element is nan, so none is filled in", s->input.reader.in.name);
    else if (w->poor > 0)
        cli_note("%s: %" PRIu64 " of %" PRIu64
                 " items with missing elements have fewer than %d effective samples: a larger -k helps%s",
                 s->input.reader.in.name, w->poor, w->filled, POOR,
                 s->model.config.missing ? "" : ", or a model trained with --missing");
    note_never_observed(s);
    return 0;
}

static int run(const struct options *o) {
    static struct stream_evaluation stream;
    static struct work work;
    work.options = o;
    stream = (struct stream_evaluation){.model_path = o->common.model,
                                        .path = o->file,
                                        .labels_path = o->labels,
                                        .threads = o->common.threads,
                                        .seed = o->common.seed,
                                        .samples = (uint32_t)o->samples,
                                        .marginal = true,
                                        .may_miss = true,
                                        .bad = {.report = o->common.report_bad},
                                        .context = &work,
                                        .begin = begin,
                                        .frame = write_header,
                                        .item = fill_item,
                                        .batch = write_items,
                                        .end = end};
    if (raw_writer_start(&work.out) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = stream_evaluate(&stream);
    imputer_end(&work.imputer);
    return bad_items_finish(&stream.bad, stream.input.reader.in.name, result < 0 ? -1 : raw_finish(&work.out));
}

int main(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    return cli_finish(run(&o));
}
