/* SPDX-License-Identifier: MIT */
/* vae-train: a stream of items to a model file. */
#include "base/cli.h"
#include "base/error.h"
#include "base/io.h"
#include "base/number.h"
#include "base/ranks.h"
#include "run/run_check.h"
#include "run/run_ranks.h"
#include "run/training_run.h"
#include "text/tokens.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define NOT_GIVEN SIZE_MAX

struct options {
    struct cli_common common;
    const char *sigma, *val; /* val: a stream, or a fraction of the items */
    const char *tokens;      /* the file of the vocabulary; NULL: none */
    struct tokens vocabulary;
    bool goes_on, dry_run;
    struct training_run_config run;
    struct training_estimate estimate; /* with dry_run */
};

/* The library's parsers, in the form that CLI_PARSE takes. */
static int parse_hidden(void *field, const char *name, const char *text) {
    return hidden_parse(field, name, text);
}

static int parse_target_hidden(void *field, const char *name, const char *text) {
    struct training_run_config *run = field;
    run->target_hidden_given = true;
    return target_parse_hidden(&run->model.target, name, text);
}

static int parse_prior(void *field, const char *name, const char *text) {
    struct model_config *config = field;
    return prior_parse(&config->prior, &config->components, name, text);
}

static int parse_schedule(void *field, const char *name, const char *text) {
    return schedule_parse(field, name, text);
}

static int parse_augment(void *field, const char *name, const char *text) {
    return augment_parse(field, name, text);
}

static int parse_initializer(void *field, const char *name, const char *text) {
    return initializer_parse(field, name, text);
}

static int parse_size(void *field, const char *name, const char *text) {
    return parse_bytes(name, text, field);
}

static int parse_every(void *field, const char *name, const char *text) {
    return every_parse(field, name, text);
}

/* The same for functions that find an entry of a table. */
static int parse_activation(void *field, const char *name, const char *text) {
    const struct activation *found = activation_find(name, text);
    *(const struct activation **)field = found;
    return found == NULL ? -1 : 0;
}

static int parse_likelihood(void *field, const char *name, const char *text) {
    const struct likelihood *found = likelihood_find(name, text);
    *(const struct likelihood **)field = found;
    return found == NULL ? -1 : 0;
}

static int parse_estimator(void *field, const char *name, const char *text) {
    const struct estimator *found = estimator_find(name, text);
    *(const struct estimator **)field = found;
    return found == NULL ? -1 : 0;
}

static int parse_optimizer(void *field, const char *name, const char *text) {
    const struct optimizer *found = optimizer_find(name, text);
    *(const struct optimizer **)field = found;
    return found == NULL ? -1 : 0;
}

static int parse_binarize(void *field, const char *name, const char *text) {
    const int found = binarize_find(name, text);
    if (found < 0)
        return -1;
    *(enum binarize *)field = (enum binarize)found;
    return 0;
}

/* The names of options' arguments, as completions take them, of tables that have another form. */
static const char *sigma_name(size_t i) {
    return i + 1 < SCALES ? scale_name((enum scale)(i + 1)) : NULL; /* the first one is a number */
}

static const char *nth_binarize(size_t i) {
    return i < BINARIZES ? binarize_name((enum binarize)i) : NULL;
}

static const char *nth_prior(size_t i) {
    static char text[PRIOR_TEXT];
    return prior_name(i, text);
}

static const char *nth_schedule(size_t i) {
    static char text[SCHEDULE_TEXT];
    return schedule_name(i, text);
}

/* The groups of --help. The order of the options in the table is also that in model files and checkpoints. */
enum { GENERAL, DATA, MODEL, LIKELIHOOD, OBJECTIVE, OPTIMIZER, FILES };
static const char *const headings[] = {
    [GENERAL] = "General",     [DATA] = "Data",           [MODEL] = "Model", [LIKELIHOOD] = "Likelihood",
    [OBJECTIVE] = "Objective", [OPTIMIZER] = "Optimizer", [FILES] = "Files", NULL};

static const struct cli_option options[] = {
    {'m', "model", "FILE", NULL, "the model file to write", CLI_FILE(common.model), .aside = true,
     .heading = FILES},
    {'z', "latent", "N", "20", "the size of a latent", CLI_SIZE(run.model.latent, 1, MODEL_MAX_LATENT),
     .before = "20", .heading = MODEL},
    {'H', "hidden", "LIST", "400",
     "the encoder's hidden layers, each N or linear:N (units), res, conv:CHANNELS:KERNEL[:STRIDE], resconv, "
     "up:FACTOR, norm, gru:UNITS; or none",
     CLI_PARSE(parse_hidden, run.model.encoder), .before = "400", .heading = MODEL},
    {0, "decoder-hidden", "LIST", NULL, "the decoder's hidden layers (default: the encoder's, mirrored)",
     CLI_PARSE(parse_hidden, run.model.decoder), .heading = MODEL},
    {'a', "activation", "NAME", "relu", "relu, tanh, elu, softplus, gelu, silu or gated",
     CLI_PARSE(parse_activation, run.model.activation), .names = activation_name, .before = "relu",
     .heading = MODEL},
    {'l', "likelihood", "NAME", "bernoulli",
     "bernoulli, gaussian, laplace, cbernoulli, dlogistic, categorical, poisson or negbin",
     CLI_PARSE(parse_likelihood, run.model.likelihood), .names = likelihood_name, .before = "bernoulli",
     .heading = LIKELIHOOD},
    {0, "sigma", "S", NULL, "scale of the likelihood: a number, shared, per-dim, net or optimal (see the manual)",
     CLI_TEXT(sigma), .names = sigma_name, .heading = LIKELIHOOD},
    {0, "levels", "K", NULL, "categorical: levels per element, numbered from 0",
     CLI_SIZE(run.model.levels, 2, LIKELIHOOD_MAX_LEVELS), .heading = LIKELIHOOD},
    {0, "objective", "NAME", "elbo", "elbo, iwae, stl or dreg", CLI_PARSE(parse_estimator, run.objective.estimator),
     .names = estimator_name, .before = "elbo", .heading = OBJECTIVE},
    {'k', "samples", "K", "1", "draws of z per item", CLI_SIZE(run.objective.draws, 1, OBJECTIVE_MAX_DRAWS),
     .before = "1", .heading = OBJECTIVE},
    {0, "beta", "B", "1", "weight of the KL term", CLI_REAL(run.objective.beta, 0, 1e6), .before = "1",
     .heading = OBJECTIVE},
    {0, "warmup", "E", "0", "epochs over which the KL term's weight rises from 0",
     CLI_REAL(run.objective.warmup, 0, 1e9), .before = "0", .heading = OBJECTIVE},
    {0, "free-bits", "F", "0", "nats of KL per latent dimension that cost nothing",
     CLI_REAL(run.objective.free_bits, 0, 1e6), .before = "0", .heading = OBJECTIVE},
    {0, "prior", "NAME", "normal",
     "p(z): normal, or vamp:K, a mixture of the posteriors of K learned pseudo-inputs",
     CLI_PARSE(parse_prior, run.model), .names = nth_prior, .before = "normal", .heading = MODEL},
    {0, "logvar-bound", "B", "20", "clamp log-variances of q(z|x) to [-B, B]",
     CLI_REAL(run.model.logvar_bound, 1, 80), .before = "80", .heading = MODEL},
    {'e', "epochs", "N", "10", "epochs, passes over the data", CLI_WHOLE(run.epochs, 0, 1e9), .before = "10",
     .heading = OPTIMIZER},
    {'b', "batch", "N", "128", "items per mini-batch; each step takes one mini-batch", CLI_SIZE(run.batch, 1, 1e6),
     .before = "128", .heading = OPTIMIZER},
    {0, "splits", "N", NULL,
     "compute a mini-batch in N splits, whose gradients are added up in a fixed order (default: 1)",
     CLI_SIZE(run.splits, 1, 1024), .heading = OPTIMIZER},
    {'r', "rate", "F", "0.001", "learning rate", CLI_REAL(run.rate, 0, 1000), .before = "0.001",
     .heading = OPTIMIZER},
    {0, "binarize", "MODE", "none", "none, threshold, or sample: drawn anew at every use",
     CLI_PARSE(parse_binarize, run.model.binarize), .names = nth_binarize, .before = "none", .heading = DATA},
    {0, "missing", NULL, NULL, "take nan as a missing element, and learn from the others",
     CLI_FLAG(run.model.missing), .heading = DATA},
    {0, "stream", NULL, NULL,
     "read the items block by block instead of keeping them in memory; from a pipe, for one epoch",
     CLI_FLAG(run.streams), .aside = true, .heading = DATA},
    {0, "shuffle-buffer", "SIZE", NULL,
     "shuffle the items that SIZE bytes hold among each other (default: all; with --stream: 64M)",
     CLI_PARSE(parse_size, run.shuffle_buffer), .heading = DATA},
    {0, "tokens", "FILE", NULL,
     "items are sequences of these tokens, one per line of FILE, as text2raw writes them", CLI_FILE(tokens),
     .aside = true, .heading = DATA},
    {0, "word-dropout", "P", NULL,
     "hide each earlier token from a recurrent decoder with probability P in training (default: 0)",
     CLI_REAL(run.word_dropout, 0, 1), .heading = DATA},
    {0, "augment", "LIST", NULL,
     "change each training item at every use: shift:N (up to N pixels each way), flip (left to right), or both",
     CLI_PARSE(parse_augment, run.augment), .names = augment_name, .heading = DATA},
    {0, "optimizer", "NAME", "adam", "adam, adagrad or muon (orthogonalised momentum for matrices)",
     CLI_PARSE(parse_optimizer, run.update.optimizer.optimizer), .names = optimizer_name, .before = "adam",
     .heading = OPTIMIZER},
    {0, "schedule", "NAME", "const", "how the rate changes: const, cosine[:END], step:EVERY:FACTOR or iwae",
     CLI_PARSE(parse_schedule, run.schedule), .names = nth_schedule, .before = "const", .heading = OPTIMIZER},
    {0, "warm-rate", "E", "0", "epochs over which the rate rises from 0", CLI_REAL(run.schedule.warm, 0, 1e9),
     .before = "0", .heading = OPTIMIZER},
    {0, "clip", "F", "0", "maximum norm of a step's gradient; 0: no limit",
     CLI_REAL(run.update.optimizer.clip, 0, 1e30), .before = "0", .heading = OPTIMIZER},
    {0, "weight-decay", "F", "0", "decoupled weight decay: each step scales weight matrices by 1 - rate F",
     CLI_REAL(run.update.optimizer.weight_decay, 0, 1000), .before = "0", .heading = OPTIMIZER},
    {0, "adam-eps", "F", "1e-8", "Adam's epsilon, and Adagrad's", CLI_REAL(run.update.optimizer.epsilon, 1e-12, 1),
     .before = "1e-8", .heading = OPTIMIZER},
    {0, "ema", "D", "0", "save an exponential moving average of the weights with decay D; 0: the last weights",
     CLI_REAL(run.update.ema, 0, 0.9999999), .before = "0", .heading = OPTIMIZER},
    {0, "init", "NAME", "torch", "initial weights: torch, glorot, he or normal:S",
     CLI_PARSE(parse_initializer, run.start.initializer), .names = initializer_name, .before = "torch",
     .heading = MODEL},
    {0, "start-from", "FILE", NULL,
     "start from the parameters of this model, or of a safetensors file of torch, not from --init; "
     "the layers must be the same",
     CLI_FILE(run.start.from), .aside = true, .heading = MODEL},
    {0, "mean-bias", NULL, NULL, "set the output biases so that the mean item is predicted",
     CLI_FLAG(run.start.at_mean), .heading = MODEL},
    {0, "patience", "N", "0", "stop after N epochs without a better --val, and save the best model; 0: never",
     CLI_WHOLE(run.patience, 0, 1e9), .before = "0", .heading = OPTIMIZER},
    {0, "val", "FILE", NULL,
     "evaluate this stream after each epoch; or, if it is a number such as 0.1, a random part of the items",
     CLI_STREAM(val), .aside = true, .heading = DATA},
    {0, "cond", "FILE", NULL, "the items' labels: the model becomes conditional on them", CLI_FILE(run.labels),
     .aside = true, .heading = DATA},
    {0, "val-cond", "FILE", NULL, "the labels of --val", CLI_FILE(run.validation_labels), .aside = true,
     .heading = DATA},
    {0, "target", "FILE", NULL,
     "a number of each item, which the model also learns to predict from z; nan: not known", CLI_FILE(run.target),
     .aside = true, .heading = DATA},
    {0, "val-target", "FILE", NULL, "the targets of --val", CLI_FILE(run.validation_target), .aside = true,
     .heading = DATA},
    {0, "target-weight", "W", NULL, "weight of log p(target|z) beside the bound (default: 1)",
     CLI_REAL(run.objective.target_weight, 0, 1e6), .heading = OBJECTIVE},
    {0, "target-hidden", "LIST", NULL,
     "hidden layers between z and the predicted target, numbers of units, or none (default: 64)",
     CLI_PARSE(parse_target_hidden, run), .heading = MODEL},
    {0, "log", "FILE", NULL, "write a table (TSV), one row per epoch", CLI_STREAM(run.log), .aside = true,
     .heading = FILES},
    {0, "log-latents", "FILE", NULL, "write the KL of each latent (TSV), one row per epoch",
     CLI_STREAM(run.log_latents), .aside = true, .heading = FILES},
    {0, "checkpoint", "FILE", NULL, "save the state of the run here, for --resume", CLI_FILE(run.checkpoint),
     .aside = true, .heading = FILES},
    {0, "every", "T", NULL,
     "how often to save it: steps, such as 100, or a time, such as 30s, 10m or 2h (default: 1m)",
     CLI_PARSE(parse_every, run.every), .aside = true, .heading = FILES},
    {0, "continue", NULL, NULL, "resume from the file of --checkpoint if there is one, else start",
     CLI_FLAG(goes_on), .aside = true, .heading = FILES},
    {0, "dry-run", NULL, NULL, "train two steps, print what the run needs as a table (TSV), and write no file",
     CLI_FLAG(dry_run), .aside = true, .heading = GENERAL},
    {0, "resume", "FILE", NULL, "continue from a checkpoint of the same options and data", CLI_FILE(run.resume),
     .aside = true, .heading = FILES},
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
    .headings = headings,
};

/* Loads the vocabulary, which text2raw in the same pipeline may write, and which implies categories: one per token
 * and one for the end. */
static void set_tokens(struct options *o) {
    struct model_config *model = &o->run.model;
    static char levels[32]; /* cli_values has its address */
    if (o->tokens == NULL)
        return;
    input_wait(o->run.file);
    if (tokens_load(&o->vocabulary, o->tokens) < 0 || tokens_check_utf8(&o->vocabulary) < 0)
        exit(cli_finish(-1));
    if (o->vocabulary.count >= LIKELIHOOD_MAX_LEVELS)
        exit(cli_finish(fail("%s: has %zu tokens, wanted at most %d for a model", o->tokens, o->vocabulary.count,
                             LIKELIHOOD_MAX_LEVELS - 1)));
    snprintf(levels, sizeof levels, "%zu", o->vocabulary.count + 1);
    if (!cli_imply("likelihood", likelihood_categorical.name))
        cli_refuse("--likelihood: found %s with --tokens, wanted categorical, which that implies",
                   model->likelihood->name);
    if (!cli_imply("levels", levels))
        cli_refuse("--levels: found %zu with --tokens, wanted %s, which the tokens of %s and their end imply",
                   model->levels, levels, o->tokens);
    model->tokens = o->vocabulary.text;
}

/* Sets the scale to the default of the likelihood, or from the text of --sigma. */
static void set_scale(struct options *o) {
    const struct likelihood *l = o->run.model.likelihood;
    o->run.model.scale = l->initial_scale;
    o->run.model.sigma = l->initial_sigma;
    o->run.scale_given = o->sigma != NULL;
    if (o->sigma != NULL && l->scales != 0 &&
        likelihood_scale(l, "--sigma", o->sigma, &o->run.model.scale, &o->run.model.sigma) < 0)
        cli_usage_error();
}

/* Returns whether the text has digits and points only, at least one of each; or is a percentage, which is refused.
 */
static bool is_fraction(const char *text) {
    const char *end = text + strspn(text, "0123456789.");
    return (*end == '\0' ? strchr(text, '.') != NULL : strcmp(end, "%") == 0) &&
           strpbrk(text, "0123456789") != NULL;
}

/* Sets the validation data from the text of --val. */
static void set_validation(struct options *o) {
    const char *text = o->val;
    if (text == NULL || !is_fraction(text)) {
        o->run.validation = text;
        return;
    }
    double *fraction = &o->run.validation_fraction;
    if (parse_real("--val", text, 0, 1, fraction) < 0 || *fraction == 0 || *fraction == 1)
        cli_refuse("--val: found '%s', wanted a fraction between 0 and 1, such as 0.1, or a file, such as ./%s",
                   text, text);
}

/* Sets what --stream implies. A pipe can be read once only. */
static void set_stream(struct options *o) {
    struct training_run_config *run = &o->run;
    struct stat status;
    if (!run->streams)
        return;
    if (run->shuffle_buffer == 0 && !cli_imply("shuffle-buffer", "64M"))
        cli_usage_error();
    const bool found =
        (is_standard_input(run->file) ? fstat(STDIN_FILENO, &status) : stat(run->file, &status)) == 0;
    if (found && !S_ISREG(status.st_mode) && !cli_imply("epochs", "1"))
        cli_refuse("--epochs: found %" PRIu64
                   " with --stream and a pipe, which can be read once, wanted 1, or a file",
                   run->epochs);
}

/* Sets what --target-weight and --target-hidden are if they are not given. */
static void set_target(struct options *o) {
    struct training_run_config *run = &o->run;
    if (run->objective.target_weight < 0)
        run->objective.target_weight = run->target == NULL ? 0 : 1;
    if (run->target != NULL && !run->target_hidden_given &&
        target_parse_hidden(&run->model.target, "--target-hidden", TARGET_HIDDEN) < 0)
        cli_usage_error();
}

/* Sets the checkpoint to resume from with --continue. */
static void set_resume(struct options *o) {
    if (!o->goes_on)
        return;
    if (o->run.checkpoint == NULL)
        cli_refuse("--continue: found it without --checkpoint, wanted the file to continue from");
    if (o->run.resume != NULL)
        cli_refuse("--continue: found it with --resume, wanted one of them");
    if (access(o->run.checkpoint, F_OK) == 0 || errno != ENOENT)
        o->run.resume = o->run.checkpoint;
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    o.run.model.decoder.layers = HIDDEN_NOT_GIVEN;
    o.run.objective.target_weight = TARGET_WEIGHT_NOT_GIVEN;
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.run.file = cli_operand();
    o.run.output = o.common.model;
    o.run.seed = o.common.seed;
    o.run.threads = o.common.threads;
    set_tokens(&o);
    set_scale(&o);
    set_validation(&o);
    set_stream(&o);
    set_resume(&o);
    if (run_check(&o.run) < 0)
        cli_usage_error();
    set_target(&o);
    if (o.run.every.steps == 0 && o.run.every.seconds == 0)
        o.run.every.seconds = 60;
    if (o.run.model.decoder.layers == HIDDEN_NOT_GIVEN &&
        hidden_check_mirror(&o.run.model.encoder, "--decoder-hidden") < 0)
        cli_usage_error();
    return o;
}

/* The options as they tell one run from another. Lists have their canonical text, so that two ways to write a list
 * or a size are the same run; a vocabulary stands there as its digest. */
static const struct option_value *values(const struct options *o) {
    static struct option_value value[sizeof options / sizeof *options];
    static char encoder[HIDDEN_TEXT], decoder[HIDDEN_TEXT], target[TARGET_TEXT], augment[AUGMENT_TEXT], buffer[32],
        tokens[32];
    size_t n = 0;
    for (const struct option_value *given = cli_values(); given->name != NULL; given++) {
        value[n] = *given;
        if (strcmp(given->name, "hidden") == 0)
            value[n].value = hidden_text(&o->run.model.encoder, encoder);
        if (strcmp(given->name, "decoder-hidden") == 0 && given->value != NULL)
            value[n].value = hidden_text(&o->run.model.decoder, decoder);
        if (strcmp(given->name, "target-hidden") == 0 && given->value != NULL)
            value[n].value = target_hidden_text(&o->run.model.target, target);
        if (strcmp(given->name, "shuffle-buffer") == 0 && given->value != NULL) {
            snprintf(buffer, sizeof buffer, "%zu", o->run.shuffle_buffer);
            value[n].value = buffer;
        }
        if (strcmp(given->name, "augment") == 0 && given->value != NULL)
            value[n].value = augment_text(&o->run.augment, augment);
        n++;
    }
    if (o->tokens != NULL) {
        snprintf(tokens, sizeof tokens, "%016" PRIx64, XXH64(o->run.model.tokens, strlen(o->run.model.tokens), 0));
        value[n] = (struct option_value){.name = "tokens", .value = tokens};
    }
    return value;
}

/* Returns the text with `more` behind it, in its place; NULL if it is NULL, or with a message if memory runs out.
 */
static char *append(char *text, const char *more) {
    if (text == NULL)
        return NULL;
    const size_t length = strlen(text), size = strlen(more) + 1;
    char *all = realloc(text, length + size);
    if (all == NULL) {
        (void)fail("options: out of memory for their text");
        free(text);
        return NULL;
    }
    memcpy(all + length, more, size);
    return all;
}

/* Returns the options that determine the model as one text, which the caller frees; NULL with a message if memory
 * runs out. A fraction for --val is among them, since it says which items are trained on. */
static char *command(const struct options *o) {
    char *text = cli_command();
    return o->run.validation_fraction == 0 ? text : append(append(text, " --val "), o->val);
}

static void print_estimate(const struct training_estimate *e) {
    printf("key\tvalue\nhidden\t%s\ndecoder_hidden\t%s\nlayers\t%s\nparameters\t%zu\n", e->encoder, e->decoder,
           e->layers, e->parameters);
    printf("items\t%zu\nvalidation_items\t%zu\nsteps_per_epoch\t%" PRIu64 "\nsteps\t%" PRIu64 "\n", e->items,
           e->validation_items, e->steps_per_epoch, e->steps);
    printf("memory_mib\t%.1f\nseconds_per_epoch\t%.3g\nseconds\t%.3g\n", e->bytes / 0x1p20, e->seconds_per_epoch,
           e->seconds);
}

static int run(struct options *o) {
    char *text = command(o);
    o->run.options = values(o);
    o->run.command = text;
    o->run.estimate = o->dry_run ? &o->estimate : NULL;
    if (o->goes_on) /* rank 0 may be the only one that has the checkpoint */
        o->run.resume = ranks_decide(o->run.resume != NULL) ? o->run.checkpoint : NULL;
    run_ranks_set_files(&o->run);
    const int result = text == NULL ? -1 : training_run(&o->run);
    free(text);
    tokens_free(&o->vocabulary);
    if (result == 0 && o->dry_run)
        print_estimate(&o->estimate);
    free(o->estimate.layers);
    free(o->estimate.encoder);
    free(o->estimate.decoder);
    return result;
}

/* Begins the work of all ranks, which must be that of the same options: those that determine the model, and those
 * that say what the ranks do together. 0 or -1. */
static int go(const struct options *o) {
    char *text = command(o);
    if (o->goes_on || o->run.resume != NULL)
        text = append(text, o->goes_on ? " --continue" : " --resume");
    if (o->dry_run)
        text = append(text, " --dry-run");
    if (is_standard_input(o->run.file))
        text = append(text, " -- -");
    const int result = text == NULL ? -1 : ranks_go(VAEUTILS_VERSION, text);
    free(text);
    return result;
}

int main(int argc, char **argv) {
    ranks_start(&argc, &argv);
    struct options o = parse(argc, argv);
    const int status = cli_finish(go(&o) < 0 ? -1 : run(&o));
    ranks_end();
    return status;
}
