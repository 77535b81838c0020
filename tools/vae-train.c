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
#include <stdlib.h>
#include <string.h>

#define NOT_GIVEN SIZE_MAX
#define SAVE_SECONDS 10 /* a model is saved at an epoch's end where the last save is older */

struct options {
    struct cli_common common;
    const char *file, *validation, *log, *sigma;
    struct model_config config;
    uint64_t epochs, patience;
    size_t batch;
    double rate;
    struct objective objective;
    struct schedule schedule;
    struct update_config update;
    const struct initializer *initializer;
    bool start_at_mean;
};

static void set_hidden(const struct cli_option *option, void *field, const char *text) {
    char name[CLI_NAME];
    if (hidden_parse(field, cli_option_name(option, name), text) < 0)
        cli_usage_error();
}

static void set_binarize(const struct cli_option *option, void *field, const char *text) {
    const int found = binarize_find("--binarize", text);
    (void)option;
    if (found < 0)
        cli_usage_error();
    *(enum binarize *)field = (enum binarize)found;
}

/* A setter for a table's entry that is found by its name. */
#define CHOICE(function, type, find)                                                            \
    static void function(const struct cli_option *option, void *field, const char *text) {      \
        char name[CLI_NAME];                                                                    \
        if ((*(const struct type **)field = find(cli_option_name(option, name), text)) == NULL) \
            cli_usage_error();                                                                  \
    }

CHOICE(set_activation, activation, activation_find)
CHOICE(set_likelihood, likelihood, likelihood_find)
CHOICE(set_estimator, estimator, estimator_find)
CHOICE(set_optimizer, optimizer, optimizer_find)
CHOICE(set_initializer, initializer, initializer_find)

static void set_schedule(const struct cli_option *option, void *field, const char *text) {
    (void)option;
    if (schedule_parse(field, "--schedule", text) < 0)
        cli_usage_error();
}

static const struct cli_option options[] = {
    CLI_MODEL,
    {'z', "latent", "N", "20", "numbers a latent vector", CLI_SIZE(config.latent, 1, MODEL_MAX_UNITS)},
    {'H', "hidden", "LIST", "400", "units of the encoder's hidden layers, or none",
     CLI_CALL(set_hidden, config.encoder)},
    {0, "decoder-hidden", "LIST", NULL, "the decoder's (default: the encoder's, reversed)",
     CLI_CALL(set_hidden, config.decoder)},
    {'a', "activation", "NAME", "relu", "relu, tanh, elu, softplus or gelu",
     CLI_CALL(set_activation, config.activation)},
    {'l', "likelihood", "NAME", "bernoulli",
     "bernoulli, gaussian, laplace, cbernoulli, dlogistic, categorical, poisson or negbin",
     CLI_CALL(set_likelihood, config.likelihood)},
    {0, "sigma", "S", NULL, "its scale: a number, shared, per-dim, net or optimal (see the manual)",
     CLI_TEXT(sigma)},
    {0, "levels", "K", NULL, "categorical: levels an element, numbered from 0",
     CLI_SIZE(config.levels, 2, LIKELIHOOD_MAX_LEVELS)},
    {0, "objective", "NAME", "elbo", "elbo, iwae, stl or dreg", CLI_CALL(set_estimator, objective.estimator)},
    {'k', "samples", "K", "1", "draws of z an item", CLI_SIZE(objective.draws, 1, OBJECTIVE_MAX_DRAWS)},
    {0, "beta", "B", "1", "weight of the KL term", CLI_REAL(objective.beta, 0, 1e6)},
    {0, "warmup", "E", "0", "epochs over which that weight rises from 0", CLI_REAL(objective.warmup, 0, 1e9)},
    {0, "free-bits", "F", "0", "nats of KL a latent that cost nothing", CLI_REAL(objective.free_bits, 0, 1e6)},
    {'e', "epochs", "N", "10", "passes over the data", CLI_WHOLE(epochs, 0, 1e9)},
    {'b', "batch", "N", "128", "items a step", CLI_SIZE(batch, 1, 1e6)},
    {'r', "rate", "F", "0.001", "learning rate", CLI_REAL(rate, 0, 1000)},
    {0, "binarize", "MODE", "none", "none, threshold, or sample: drawn anew at every use",
     CLI_CALL(set_binarize, config.binarize)},
    {0, "optimizer", "NAME", "adam", "adam, or muon: matrices by orthogonal steps",
     CLI_CALL(set_optimizer, update.optimizer.optimizer)},
    {0, "schedule", "NAME", "const", "the rate's: const, cosine[:END], step:EVERY:FACTOR or iwae",
     CLI_CALL(set_schedule, schedule)},
    {0, "warm-rate", "E", "0", "epochs over which the rate rises from 0", CLI_REAL(schedule.warm, 0, 1e9)},
    {0, "clip", "F", "0", "greatest norm of a step's gradient; 0: any", CLI_REAL(update.optimizer.clip, 0, 1e30)},
    {0, "weight-decay", "F", "0", "share of the rate by which weights shrink a step",
     CLI_REAL(update.optimizer.weight_decay, 0, 1000)},
    {0, "adam-eps", "F", "1e-8", "Adam's epsilon", CLI_REAL(update.optimizer.epsilon, 0, 1)},
    {0, "ema", "D", "0", "save averaged weights, of which a step leaves the share D; 0: the last",
     CLI_REAL(update.ema, 0, 0.9999999)},
    {0, "init", "NAME", "torch", "first weights: torch, glorot or he", CLI_CALL(set_initializer, initializer)},
    {0, "mean-bias", NULL, NULL, "start the output's biases at the data's mean", CLI_FLAG(start_at_mean)},
    {0, "patience", "N", "0", "end behind N epochs without a better --val, and save the best; 0: never",
     CLI_WHOLE(patience, 0, 1e9)},
    {0, "val", "FILE", NULL, "evaluate this stream after each epoch", CLI_TEXT(validation), .aside = true},
    {0, "log", "FILE", NULL, "write a table (TSV), a row an epoch", CLI_TEXT(log), .aside = true},
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-train",
    "-m FILE [OPTION]... [FILE]",
    "Trains a variational auto-encoder on a stream of items and writes it to a model file.",
    options,
    0,
    "idx2raw train-images-idx3-ubyte.gz | vae-train -m model.bin",
};

static void mirror(struct hidden *decoder, const struct hidden *encoder) {
    decoder->layers = encoder->layers;
    for (size_t i = 0; i < encoder->layers; i++)
        decoder->units[i] = encoder->units[encoder->layers - 1 - i];
}

static void check_likelihood(const struct model_config *c, bool start_at_mean) {
    const struct likelihood *l = c->likelihood;
    if (l->has_levels && c->levels == 0)
        cli_refuse("--levels: not given, wanted it with -l %s", l->name);
    if (!l->has_levels && c->levels != 0)
        cli_refuse("--levels: found it with -l %s, wanted -l categorical", l->name);
    if (l->as_it_is && c->binarize != BINARIZE_NONE)
        cli_refuse("--binarize: found it with -l %s, wanted a likelihood of numbers in [0,1]", l->name);
    if (start_at_mean && l->start == NULL)
        cli_refuse("--mean-bias: found it with -l %s, which has no mean, wanted another likelihood", l->name);
}

static void check_options(const struct options *o) {
    if (o->sigma != NULL && o->config.likelihood->scales == 0)
        cli_refuse("--sigma: found it with -l %s, wanted -l gaussian, laplace, dlogistic or negbin",
                   o->config.likelihood->name);
    check_likelihood(&o->config, o->start_at_mean);
    if (strcmp(o->common.model, "-") == 0)
        cli_refuse("--model: found '-', wanted the name of a file: a model appears whole or not at all");
    if (o->validation != NULL && strcmp(o->validation, "-") == 0 && (o->file == NULL || strcmp(o->file, "-") == 0))
        cli_refuse("--val: found '-' for stdin, which the items come from, wanted a file");
}

static void check_objective(const struct options *o) {
    const struct objective *objective = &o->objective;
    const char *name = objective->estimator->name;
    if (objective->estimator->importance && (objective->beta != 1 || objective->warmup > 0))
        cli_refuse("--objective: found %s with a weighted KL, wanted --beta 1 and no --warmup: it has no KL term",
                   name);
    if (!objective->estimator->closed_kl && objective->free_bits > 0)
        cli_refuse("--free-bits: found it with --objective %s, wanted elbo", name);
    if (o->patience > 0 && o->validation == NULL)
        cli_refuse("--patience: found it without --val, wanted items to judge by");
}

static void set_scale(struct options *o) {
    const struct likelihood *l = o->config.likelihood;
    o->config.scale = l->initial_scale;
    o->config.sigma = l->initial_sigma;
    if (o->sigma != NULL && likelihood_scale(l, "--sigma", o->sigma, &o->config.scale, &o->config.sigma) < 0)
        cli_usage_error();
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    o.config.decoder.layers = NOT_GIVEN;
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.file = cli_operand();
    check_options(&o);
    check_objective(&o);
    if (o.config.decoder.layers == NOT_GIVEN)
        mirror(&o.config.decoder, &o.config.encoder);
    set_scale(&o);
    return o;
}

static int check_items(const struct dataset *set, const struct model_config *config) {
    for (size_t i = 0; i < set->items; i++)
        if (item_check(config->likelihood, config->levels, config->binarize, set->dtype, dataset_item(set, i),
                       set->elements, set->name, i) < 0)
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
    double best; /* validation, and its epoch */
    uint64_t best_epoch;
    bool over;
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

/* True where the run is over since nothing has become better for too long. What is best is kept. */
static bool judge(struct run *r, double validation) {
    if (r->options->patience == 0 || validation > r->best || r->best_epoch == 0) {
        r->best = validation;
        r->best_epoch = r->training.epoch;
        saver_keep(&r->saver);
    }
    return r->options->patience > 0 && r->training.epoch - r->best_epoch >= r->options->patience;
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
    parameters_swap_average(&r->model.parameters);
    int result = validate(r, &validation);
    parameters_swap_average(&r->model.parameters);
    if (result < 0)
        return -1;
    r->over = judge(r, validation.elbo);
    return report_epoch(&r->report, &validation) < 0 ? -1 : 1;
}

static int train_epochs(struct run *r) {
    double saved = 0;
    while (r->training.epoch < r->options->epochs && !r->over && signals_stop() == 0) {
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

static int initialise(struct run *r) {
    const struct options *o = r->options;
    model_initialise(&r->model, o->initializer, o->common.seed);
    if (!o->start_at_mean)
        return 0;
    double *mean = malloc(r->train.elements * sizeof *mean);
    int result = mean == NULL ? fail("%s: out of memory for its mean", r->train.name)
                              : items_mean(r->model.config.likelihood, &r->train, mean);
    if (result == 0)
        model_start_at_mean(&r->model, mean);
    free(mean);
    return result;
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
    if (initialise(r) < 0)
        return -1;
    r->workers = workers_start(o->common.threads);
    if (r->workers == NULL)
        return -1;
    r->saver = (struct saver){.training = &r->training, .path = o->common.model, .best = o->patience > 0};
    r->saver.provenance = (struct provenance){
        .seed = o->common.seed, .items = r->train.items, .data_xxh64 = dataset_digest(&r->train)};
    cli_command(r->saver.provenance.command, sizeof r->saver.provenance.command);
    r->training = (struct training){.model = &r->model,
                                    .data = &r->train,
                                    .workers = r->workers,
                                    .batch = o->batch,
                                    .rate = o->rate,
                                    .seed = o->common.seed,
                                    .objective = o->objective,
                                    .schedule = o->schedule,
                                    .epochs = (double)o->epochs,
                                    .update_config = o->update};
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
