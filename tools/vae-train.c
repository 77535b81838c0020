/* vae-train: a stream of items to a model file. */
#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"
#include "vae/evaluate.h"
#include "vae/saver.h"
#include "vae/train_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAVE_SECONDS 10 /* a model is saved at an epoch's end where the last save is older */

struct options {
    struct cli_common common;
    const char *file, *validation, *log;
    struct model_config config;
    uint64_t epochs;
    size_t batch;
    double rate;
};

enum { OPTION_DECODER_HIDDEN = CLI_LONG_ONLY, OPTION_SIGMA, OPTION_BINARIZE, OPTION_VALIDATION, OPTION_LOG };

static const struct cli_option options[] = {
    CLI_MODEL,
    {'z', "latent", "N", "numbers a latent vector (default 20)"},
    {'H', "hidden", "LIST", "units of the encoder's hidden layers, or none (default 400)"},
    {OPTION_DECODER_HIDDEN, "decoder-hidden", "LIST", "the decoder's (default: the encoder's, reversed)"},
    {'a', "activation", "NAME", "relu, tanh, elu, softplus or gelu (default relu)"},
    {'l', "likelihood", "NAME", "bernoulli or gaussian (default bernoulli)"},
    {OPTION_SIGMA, "sigma", "S", "gaussian: standard deviation (default sqrt(1/2): squared error)"},
    {'e', "epochs", "N", "passes over the data (default 10)"},
    {'b', "batch", "N", "items a step (default 128)"},
    {'r', "rate", "F", "Adam's learning rate (default 0.001)"},
    {OPTION_BINARIZE, "binarize", "MODE", "none, threshold, or sample: drawn anew at every use (default none)"},
    {OPTION_VALIDATION, "val", "FILE", "evaluate this stream after each epoch"},
    {OPTION_LOG, "log", "FILE", "write a table (TSV), a row an epoch"},
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-train",
    "-m FILE [OPTION]... [FILE]",
    "Trains a variational auto-encoder on a stream of items and writes it to a model file.",
    options,
    "idx2raw train-images-idx3-ubyte.gz | vae-train -m model.bin",
};

static void mirror(struct hidden *decoder, const struct hidden *encoder) {
    decoder->layers = encoder->layers;
    for (size_t i = 0; i < encoder->layers; i++)
        decoder->units[i] = encoder->units[encoder->layers - 1 - i];
}

/* A choice by name. */
static void parse_choice(struct model_config *config, int key, const char *value) {
    int binarize = 0;
    if (key == 'a')
        config->activation = activation_find("--activation", value);
    else if (key == 'l')
        config->likelihood = likelihood_find("--likelihood", value);
    else
        binarize = binarize_find("--binarize", value);
    if (config->activation == NULL || config->likelihood == NULL || binarize < 0)
        cli_usage_error();
    if (key == OPTION_BINARIZE)
        config->binarize = (enum binarize)binarize;
}

static bool parse_model_option(struct options *o, int key, const char *value, bool *has_decoder) {
    switch (key) {
    case 'z':
        o->config.latent = (size_t)cli_whole("--latent", value, 1, MODEL_MAX_UNITS);
        return true;
    case 'H':
        if (hidden_parse(&o->config.encoder, "--hidden", value) < 0)
            cli_usage_error();
        return true;
    case OPTION_DECODER_HIDDEN:
        if (hidden_parse(&o->config.decoder, "--decoder-hidden", value) < 0)
            cli_usage_error();
        *has_decoder = true;
        return true;
    case OPTION_SIGMA:
        o->config.sigma = cli_real("--sigma", value, 1e-6, 1e6);
        return true;
    case 'a':
    case 'l':
    case OPTION_BINARIZE:
        parse_choice(&o->config, key, value);
        return true;
    default:
        return false;
    }
}

static void parse_training_option(struct options *o, int key, const char *value) {
    switch (key) {
    case 'e':
        o->epochs = cli_whole("--epochs", value, 0, 1000000000);
        break;
    case 'b':
        o->batch = (size_t)cli_whole("--batch", value, 1, 1000000);
        break;
    case 'r':
        o->rate = cli_real("--rate", value, 0, 1000);
        break;
    case OPTION_VALIDATION:
        o->validation = value;
        break;
    default:
        o->log = value;
    }
}

static void check_options(const struct options *o) {
    if (o->config.sigma != 0 && !o->config.likelihood->has_sigma)
        cli_refuse("--sigma: found it with -l %s, wanted -l gaussian", o->config.likelihood->name);
    if (strcmp(o->common.model, "-") == 0)
        cli_refuse("--model: found '-', wanted the name of a file: a model appears whole or not at all");
    if (o->validation != NULL && strcmp(o->validation, "-") == 0 && (o->file == NULL || strcmp(o->file, "-") == 0))
        cli_refuse("--val: found '-' for stdin, which the items come from, wanted a file");
}

static struct options parse(int argc, char **argv) {
    struct options o = {.common = cli_common(), .epochs = 10, .batch = 128, .rate = 1e-3};
    o.config = (struct model_config){.latent = MODEL_DEFAULT_LATENT, .encoder = {1, {400}}};
    o.config.activation = activation_find("", "relu");
    o.config.likelihood = likelihood_find("", "bernoulli");
    const char *value;
    bool has_decoder = false;
    int key;
    cli_start(&program, argc, argv);
    cli_bare(0);
    while ((key = cli_next(&value)) != -1)
        if (!cli_common_option(&o.common, key, value) && !parse_model_option(&o, key, value, &has_decoder))
            parse_training_option(&o, key, value);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    check_options(&o);
    if (!has_decoder)
        mirror(&o.config.decoder, &o.config.encoder);
    if (o.config.likelihood->has_sigma && o.config.sigma == 0)
        o.config.sigma = sqrt(0.5);
    return o;
}

static int check_items(const struct dataset *set, const struct model_config *config) {
    for (size_t i = 0; i < set->items; i++)
        if (item_check(config->likelihood, config->binarize, set->dtype, dataset_item(set, i), set->elements,
                       set->name, i) < 0)
            return -1;
    return 0;
}

/* Loads the validation data; without any its items are 0. */
static int load_validation(struct dataset *set, const struct options *o, const struct dataset *train) {
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    *set = (struct dataset){0};
    if (o->validation == NULL)
        return 0;
    if (dataset_load(set, o->validation) < 0)
        return -1;
    if (!shape_equal(&set->shape, &train->shape))
        return fail("%s: items have shape %s, wanted %s as in %s", set->name, shape_text(&set->shape, found),
                    shape_text(&train->shape, wanted), train->name);
    return check_items(set, &o->config);
}

/* One run: what is trained, on what, and who is told. */
struct run {
    const struct options *options;
    struct model model;
    struct dataset train, validation;
    struct workers *workers;
    struct training training;
    struct report report;
    struct saver saver;
};

static int validate(struct run *r, struct elbo *elbo) {
    static struct evaluator evaluator;
    *elbo = (struct elbo){NAN, NAN, NAN};
    if (r->validation.items == 0)
        return 0;
    int result = evaluator_start(&evaluator, &r->model, r->workers, 1, false, r->options->common.seed);
    if (result == 0)
        result = evaluator_add_all(&evaluator, &r->validation);
    if (result == 0)
        *elbo = evaluation_elbo(&evaluator.total);
    evaluator_end(&evaluator);
    return result;
}

/* 1: done; 0: a signal asked for an end. */
static int train_epoch(struct run *r) {
    struct elbo validation;
    int more;
    training_begin_epoch(&r->training);
    while ((more = training_step(&r->training)) == 1) {
        report_step(&r->report);
        if (signals_stop() != 0)
            return 0;
    }
    if (more < 0)
        return -1;
    saver_keep(&r->saver);
    if (validate(r, &validation) < 0)
        return -1;
    return report_epoch(&r->report, &validation) < 0 ? -1 : 1;
}

static int train_epochs(struct run *r) {
    double saved = 0;
    while (r->training.epoch < r->options->epochs && signals_stop() == 0) {
        if (train_epoch(r) < 0)
            return -1;
        if (progress_seconds() - saved >= SAVE_SECONDS && r->training.epoch < r->options->epochs) {
            if (saver_save(&r->saver, true) < 0)
                return -1;
            saved = progress_seconds();
        }
    }
    return 0;
}

static int train(struct run *r) {
    if (saver_open(&r->saver) < 0)
        return -1;
    report_start(&r->report, &r->training, r->options->epochs, r->validation.items > 0);
    signals_catch_stop();
    if (train_epochs(r) < 0 || saver_save(&r->saver, false) < 0) {
        saver_rescue(&r->saver);
        return -1;
    }
    report_result(&r->report, r->options->common.model);
    return 0;
}

/* The options that make the model what it is; not the names of files, nor the threads. */
static void describe_command(struct provenance *p, const struct options *o, const struct model_config *c) {
    char encoder[HIDDEN_TEXT], decoder[HIDDEN_TEXT], sigma[40] = "";
    if (c->likelihood->has_sigma)
        snprintf(sigma, sizeof sigma, " --sigma %.17g", c->sigma);
    snprintf(p->command, sizeof p->command,
             "vae-train -z %zu -H %s --decoder-hidden %s -a %s -l %s%s -e %" PRIu64
             " -b %zu -r %.17g --binarize %s -S %" PRIu64,
             c->latent, hidden_text(&c->encoder, encoder), hidden_text(&c->decoder, decoder), c->activation->name,
             c->likelihood->name, sigma, o->epochs, o->batch, o->rate, binarize_name(c->binarize), o->common.seed);
}

static int prepare(struct run *r) {
    const struct options *o = r->options;
    struct model_config config = o->config;
    config.item = r->train.shape;
    if (check_items(&r->train, &config) < 0 || load_validation(&r->validation, o, &r->train) < 0 ||
        model_create(&r->model, &config) < 0)
        return -1;
    for (size_t i = 0; i < r->train.items; i++)
        if (model_finds_grey(&r->model, r->train.dtype, dataset_item(&r->train, i))) {
            cli_note(GREY_NOTE, r->train.name);
            break;
        }
    model_initialise(&r->model, o->common.seed);
    r->workers = workers_start(o->common.threads);
    if (r->workers == NULL)
        return -1;
    r->saver = (struct saver){.training = &r->training, .path = o->common.model};
    r->saver.provenance = (struct provenance){
        .seed = o->common.seed, .items = r->train.items, .data_xxh64 = dataset_digest(&r->train)};
    describe_command(&r->saver.provenance, o, &config);
    r->training = (struct training){.model = &r->model,
                                    .data = &r->train,
                                    .workers = r->workers,
                                    .batch = o->batch,
                                    .rate = o->rate,
                                    .seed = o->common.seed};
    return training_start(&r->training);
}

/* What is written is written anew: over an input, or over each other, it would be a loss. */
static int check_places(const struct options *o) {
    const char *const inputs[] = {o->file == NULL ? "-" : o->file, o->validation};
    const char *const outputs[] = {o->common.model, o->log};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            if (inputs[i] != NULL && outputs[j] != NULL && is_same_file(inputs[i], outputs[j]))
                return fail("%s: is to be written, and read as %s, wanted a file of its own", outputs[j],
                            inputs[i]);
    if (o->log != NULL && (strcmp(o->log, o->common.model) == 0 || is_same_file(o->log, o->common.model)))
        return fail("%s: is to be the log and the model, wanted a file of its own", o->log);
    return 0;
}

static int run(const struct options *o) {
    struct run r = {.options = o};
    if (check_places(o) < 0 || atomic_check(o->common.model) < 0 || dataset_load(&r.train, o->file) < 0)
        return -1;
    int result = prepare(&r);
    if (result == 0)
        result = report_open(&r.report, o->log);
    if (result == 0)
        result = train(&r);
    if (result == 0)
        result = report_close(&r.report);
    saver_close(&r.saver);
    training_end(&r.training);
    workers_stop(r.workers);
    model_free(&r.model);
    dataset_free(&r.validation);
    dataset_free(&r.train);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
