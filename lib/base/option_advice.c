/* SPDX-License-Identifier: MIT */
#include "base/option_advice.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME 32 /* bytes of a name that is looked up, with its '\0'; no option has a longer one */

/* Names that other programs, mostly Python libraries, use for an option. The first entry whose option the tool has
 * is used. The two options have the same meaning. */
static const struct other_name {
    const char *name, *option;
    const char *tool; /* the only tool whose option has that meaning; NULL: all tools that have the option */
} other_names[] = {
    {"lr", "rate"},
    {"learning-rate", "rate"},
    {"lr-schedule", "schedule"},
    {"lr-scheduler", "schedule"},
    {"scheduler", "schedule"},
    {"lr-warmup", "warm-rate"},
    {"batch-size", "batch"},
    {"mini-batch", "batch"},
    {"minibatch-size", "batch"},
    {"bs", "batch"},
    {"batchsize", "batch"},
    {"num-epochs", "epochs"},
    {"n-epochs", "epochs"},
    {"max-epochs", "epochs"},
    {"passes", "epochs"},
    {"latent-dim", "latent", "vae-train"},
    {"latent-size", "latent", "vae-train"},
    {"latents", "latent", "vae-train"},
    {"n-latent", "latent", "vae-train"},
    {"z-dim", "latent", "vae-train"},
    {"embedding-dim", "latent", "vae-train"},
    {"dim", "latent", "vae-train"},
    {"latent-dim", "dim"},
    {"latent-size", "dim"},
    {"z-dim", "dim"},
    {"hidden-dim", "hidden"},
    {"hidden-dims", "hidden"},
    {"hidden-size", "hidden"},
    {"hidden-sizes", "hidden"},
    {"hidden-units", "hidden"},
    {"hidden-layers", "hidden"},
    {"encoder-hidden", "hidden"},
    {"encoder-layers", "hidden"},
    {"layers", "hidden"},
    {"units", "hidden"},
    {"decoder", "decoder-hidden"},
    {"decoder-layers", "decoder-hidden"},
    {"activation-function", "activation"},
    {"nonlinearity", "activation"},
    {"loss", "likelihood"},
    {"reconstruction-loss", "likelihood"},
    {"optim", "optimizer"},
    {"optimiser", "optimizer"},
    {"solver", "optimizer"},
    {"kl-weight", "beta"},
    {"kl-warmup", "warmup"},
    {"kl-annealing", "warmup"},
    {"free-nats", "free-bits"},
    {"grad-clip", "clip"},
    {"gradient-clip", "clip"},
    {"clip-norm", "clip"},
    {"max-grad-norm", "clip"},
    {"max-norm", "clip"},
    {"wd", "weight-decay"},
    {"eps", "adam-eps"},
    {"epsilon", "adam-eps"},
    {"early-stopping", "patience"},
    {"validation", "val"},
    {"validation-data", "val"},
    {"val-labels", "val-cond"},
    {"augmentation", "augment"},
    {"data-augmentation", "augment"},
    {"labels", "cond"},
    {"condition", "cond"},
    {"label", "class"},
    {"label", "cond"},
    {"pretrained", "start-from"},
    {"prefix", "name"},
    {"log-file", "log"},
    {"checkpoint-every", "every"},
    {"save-every", "every"},
    {"random-seed", "seed"},
    {"random-state", "seed"},
    {"jobs", "threads"},
    {"n-jobs", "threads"},
    {"workers", "threads"},
    {"num-workers", "threads"},
    {"num-threads", "threads"},
    {"num-samples", "samples"},
    {"n-samples", "samples"},
    {"draws", "samples"},
    {"num-samples", "count"},
    {"n-samples", "count"},
    {"samples", "count"},
    {"number", "count"},
    {"num", "count"},
    {"limit", "count"},
    {"offset", "skip"},
    {"indices", "items"},
    {"index", "items"},
    {"step", "stride"},
    {"atol", "abs"},
    {"rtol", "rel"},
    {"nrow", "columns", "raw2pgm"},
    {"cols", "columns"},
    {"ncols", "columns", "raw2pgm"},
    {"usecols", "columns", "csv2raw"},
    {"transpose", "axes"},
    {"n-top-genes", "top"},
    {"genes", "names"},
    {"features", "names"},
    {"barcodes", "ids"},
    {"permute", "axes"},
    {"sep", "delimiter"},
    {"separator", "delimiter"},
    {"na-values", "na"},
    {"na-strings", "na"},
    {"index-col", "id"},
    {"vocab", "tokens"},
    {"vocabulary", "tokens"},
    {"write-vocab", "write-tokens"},
    {"max-length", "length"},
    {"max-len", "length"},
    {"precision", "digits"},
    {"grayscale", "gray"},
    {"greyscale", "gray"},
    {"color", "rgb"},
    {"colour", "rgb"},
    {"bg", "background"},
    {"padding", "pad"},
    {"points", "steps"},
    {"slerp", "spherical"},
    {"silent", "quiet"},
    {"o", "model", "vae-train"}, /* vae-train writes its model; the other tools read it */
    {"out", "model", "vae-train"},
    {"output", "model", "vae-train"},
    {"save", "model", "vae-train"},
    {"save-model", "model", "vae-train"},
    {"model-file", "model"},
    {"model-path", "model"},
    {"weights", "model"},
};

/* Names that other programs use for the option that names the output file. */
static const char *const output_names[] = {"o", "out", "output", "outfile", "output-file"};

/* Writes the name in lower case and with '-' for '_'. False if it is longer than any option's. */
static bool normalize(char text[NAME], const char *name, size_t length) {
    if (length >= NAME)
        return false;
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(name[i] == '_' ? '-' : tolower((unsigned char)name[i]));
    text[length] = '\0';
    return true;
}

static const struct cli_option *find(const struct cli_program *program, const char *name) {
    for (const struct cli_option *o = program->options; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static const struct cli_option *find_other_name(const struct cli_program *program, const char *name) {
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        const struct other_name *n = &other_names[i];
        const struct cli_option *o = find(program, n->option);
        if (o != NULL && strcmp(n->name, name) == 0 && (n->tool == NULL || strcmp(n->tool, program->name) == 0))
            return o;
    }
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_program *program, char letter) {
    for (const struct cli_option *o = program->options; o->name != NULL; o++)
        if (o->key == letter)
            return o;
    return NULL;
}

static size_t least(size_t a, size_t b, size_t c) {
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* The edit distance of two short names (optimal string alignment): how many bytes have to be inserted, deleted,
 * replaced or swapped with their neighbour. */
static size_t edits(const char *a, const char *b) {
    size_t d[NAME + 1][NAME + 1];
    const size_t m = strlen(a), n = strlen(b) < NAME ? strlen(b) : NAME;
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[m][n];
}

/* The only option that the name abbreviates; NULL: none, or several. */
static const struct cli_option *find_abbreviated(const struct cli_program *program, const char *name) {
    const struct cli_option *found = NULL;
    for (const struct cli_option *o = program->options; o->name != NULL; o++)
        if (strncmp(o->name, name, strlen(name)) == 0) {
            if (found != NULL)
                return NULL;
            found = o;
        }
    return found;
}

/* The only option whose name is nearest, at most one edit away, or two if the name is long; NULL: none, or several.
 */
static const struct cli_option *find_near(const struct cli_program *program, const char *name) {
    const struct cli_option *found = NULL;
    size_t nearest = strlen(name) < 6 ? 1 : 2;
    bool alone = true;
    for (const struct cli_option *o = program->options; o->name != NULL; o++) {
        const size_t distance = edits(name, o->name);
        if (distance < nearest || (distance == nearest && found == NULL)) {
            found = o;
            nearest = distance;
            alone = true;
        } else if (distance == nearest) {
            alone = false;
        }
    }
    return alone ? found : NULL;
}

const struct cli_option *option_advice_long(const struct cli_program *program, const char *name, size_t length) {
    char text[NAME];
    if (length == 0 || !normalize(text, name, length))
        return NULL;
    if (length == 1 && find_letter(program, *name) != NULL)
        return find_letter(program, *name);
    const struct cli_option *o = find(program, text); /* only case and underscores differ */
    if (o == NULL)
        o = find_other_name(program, text);
    if (o == NULL)
        o = find_abbreviated(program, text);
    return o == NULL && length > 2 ? find_near(program, text) : o;
}

const struct cli_option *option_advice_short(const struct cli_program *program, char letter) {
    const char name[2] = {letter, '\0'};
    return find_other_name(program, name);
}

bool option_advice_is_output(const struct cli_program *program, const char *name, size_t length) {
    char text[NAME];
    if (strcmp(program->name, "raw-cmp") == 0 || !normalize(text, name, length)) /* raw-cmp writes nothing */
        return false;
    for (size_t i = 0; i < sizeof output_names / sizeof *output_names; i++)
        if (strcmp(text, output_names[i]) == 0)
            return true;
    return false;
}
