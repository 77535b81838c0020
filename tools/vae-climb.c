/* SPDX-License-Identifier: MIT */
/* vae-climb: latents moved towards higher values of a property that is learned from examples. */
#include "base/cli.h"
#include "base/progress.h"
#include "property/climb_stream.h"

#define EXAMPLES 2000 /* the default */

struct options {
    struct cli_common common;
    const char *file, *latents, *target, *write_predictions;
    const struct regression_method *method;
    size_t examples, steps;
    double step_size, within;
    bool minimize, control, path;
};

static const struct cli_option options[] = {
    {'m', "model", "FILE", NULL, "climb the prediction of this model, which vae-train --target has trained",
     CLI_FILE(common.model), .aside = true},
    {0, "latents", "FILE", NULL,
     "the latents of the examples, from vae-encode; with -m they only say where data are (default: the prior)",
     CLI_FILE(latents), .aside = true},
    {0, "target", "FILE", NULL, "a stream of their values of the property, one number per item", CLI_FILE(target),
     .aside = true},
    {0, "method", "NAME", NULL, "the regression: gp (a Gaussian process, the default) or linear (ridge regression)",
     CLI_PARSE(regression_parse, method), .names = regression_name},
    {0, "examples", "N", NULL, "learn from at most N examples, evenly spread; time grows with N^3 (default: 2000)",
     CLI_SIZE(examples, 10, 32768)},
    {0, "steps", "N", "20", "steps per item", CLI_SIZE(steps, 1, 1 << 16)},
    {0, "step-size", "S", "0.1", "the length of a step, in standard deviations of the examples' latents",
     CLI_REAL(step_size, 1e-6, 1e6)},
    {0, "within", "R", "0.95",
     "go no farther from the examples' mean than the quantile R of their distances, unless a latent starts farther",
     CLI_REAL(within, 0, 1)},
    {0, "minimize", NULL, NULL, "move towards lower values", CLI_FLAG(minimize)},
    {0, "control", NULL, NULL, "go as far in random directions instead, for comparison", CLI_FLAG(control)},
    {0, "path", NULL, NULL, "write all points of each path, the start first, instead of the last one",
     CLI_FLAG(path)},
    {0, "write-predictions", "FILE", NULL, "write the predicted values at start and end to FILE, one line per item",
     CLI_FILE(write_predictions), .aside = true},
    CLI_ON_BAD,
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-climb",
    "{--latents FILE --target FILE [--method NAME] | -m FILE [--latents FILE]} [--steps N] [--step-size S] "
    "[--within R] "
    "[--control] [OPTION]... [FILE]",
    "Moves each latent of a stream towards higher values of a property that is learned from examples, or by a "
    "model.",
    options,
    0,
    "vae-encode -m model.bin start.raw | vae-climb --latents known.raw --target values.raw | vae-decode -m "
    "model.bin",
};

/* A model has learned already. */
static void refuse_with_model(const struct options *o) {
    const char *option = o->target != NULL   ? "--target"
                         : o->method != NULL ? "--method"
                         : o->examples > 0   ? "--examples"
                                             : NULL;
    if (option != NULL)
        cli_refuse("%s: found it with --model, whose head has learned the property, wanted one of them", option);
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    if (o.common.model == NULL) {
        cli_require("--latents", o.latents);
        cli_require("--target", o.target);
    } else {
        refuse_with_model(&o);
    }
    o.file = cli_operand();
    const struct {
        const char *option, *path;
    } read[] = {{"--model", o.common.model}, {"--latents", o.latents}, {"--target", o.target}};
    for (size_t i = 0; o.write_predictions != NULL && i < sizeof read / sizeof *read; i++)
        if (read[i].path != NULL && is_same_place(o.write_predictions, read[i].path))
            cli_refuse("--write-predictions: found '%s', which %s reads, wanted another file", o.write_predictions,
                       read[i].option);
    return o;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    static struct climb_stream stream;
    stream = (struct climb_stream){.path = o.file,
                                   .model = o.common.model,
                                   .latents = o.latents,
                                   .target = o.target,
                                   .predictions = o.write_predictions,
                                   .method = o.method == NULL ? &regression_gp : o.method,
                                   .most = o.examples == 0 ? EXAMPLES : o.examples,
                                   .within = o.within,
                                   .threads = o.common.threads,
                                   .climb = {.steps = o.steps,
                                             .step_size = o.step_size,
                                             .minimize = o.minimize,
                                             .control = o.control,
                                             .path = o.path,
                                             .seed = o.common.seed},
                                   .bad = {.report = o.common.report_bad}};
    progress_start(!cli_quiet(), true);
    return cli_finish(climb_stream_run(&stream));
}
