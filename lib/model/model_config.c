/* SPDX-License-Identifier: MIT */
#include "model/model_config.h"

#include "base/error.h"
#include "base/number.h"
#include "dist/latent.h"
#include "nn/safetensors.h"
#include "stream/labels.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSING "nan"

/* All keys that model_config_put and model_write write, each with the version of the format that introduced it.
 * Keys that are not in this list are refused. */
static const struct key {
    const char *name;
    int version;
} keys[] = {
    {"format", 1},
    {"version", 1},
    {"item_shape", 1},
    {"input_scaling", 1},
    {"latent", 1},
    {"encoder_hidden", 1},
    {"decoder_hidden", 1},
    {"sigma", 1},
    {"seed", 1},
    {"activation", 1},
    {"likelihood", 1},
    {"binarize", 1},
    {"command", 1},
    {"epochs", 1},
    {"steps", 1},
    {"items", 1},
    {"data_xxh64", 1},
    {"elbo", 1},
    {"xxh64", 1},
    {"made_by", 1},
    {"levels", 1},
    {"classes", 1},
    {"missing", 1},
    {"prior", 1},
    {"labels_xxh64", 1},
    {"start_xxh64", 1},
    {"logvar_bound", 2},
    {"tokens", 2},
    {"target_hidden", 2},
    {"target_mean", 2},
    {"target_deviation", 2},
    {"target_xxh64", 2},
};

/* The prefix of keys that say how a model was made. From version 2 on a reader skips them. */
#define MADE "made."

int metadata_put(json_t *metadata, const char *key, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    int result = -1;
    if (text != NULL) {
        vsnprintf(text, (size_t)length + 1, format, again);
        result = json_object_set_new(metadata, key, json_string(text));
    }
    va_end(again);
    va_end(arguments);
    free(text);
    return result;
}

int model_config_check_items(const struct model_config *c, enum dtype dtype, const void *items, size_t count,
                             const char *name, uint64_t first) {
    const size_t elements = shape_elements(&c->item), size = elements * dtype_size(dtype);
    const struct item_support support = {.likelihood = c->likelihood,
                                         .levels = c->levels,
                                         .binarize = c->binarize,
                                         .missing = c->missing,
                                         .tokens = c->tokens != NULL};
    for (size_t i = 0; i < count; i++)
        if (item_check(&support, dtype, (const unsigned char *)items + i * size, elements, name, first + i) < 0)
            return -1;
    return 0;
}

struct segment model_config_segment(const struct model_config *c) {
    struct segment segment = {.likelihood = c->likelihood,
                              .scale = c->scale,
                              .sigma = c->sigma,
                              .levels = c->levels,
                              .elements = shape_elements(&c->item)};
    segment_lay_out(&segment);
    return segment;
}

size_t model_config_tokens(const char *tokens) {
    size_t lines = 0;
    for (const char *c = tokens; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

int model_config_check_sequences(const struct model_config *c, const char *name) {
    char shape[SHAPE_TEXT];
    if (c->tokens == NULL && (hidden_is_recurrent(&c->encoder) || hidden_is_recurrent(&c->decoder)))
        return fail("%s: has recurrent layers, wanted items that are sequences of tokens for them", name);
    if (hidden_check_recurrent(&c->encoder, false, name) < 0 || hidden_check_recurrent(&c->decoder, true, name) < 0)
        return -1;
    if (c->tokens != NULL && c->item.rank != 1)
        return fail("%s: items of shape %s, wanted sequences of tokens, of one number per position", name,
                    shape_text(&c->item, shape));
    return 0;
}

struct image model_item_image(const struct shape *item) {
    if (item->rank < 2 || item->rank > 3)
        return (struct image){1, 1, shape_elements(item)};
    return (struct image){item->dim[0], item->dim[1], item->rank == 3 ? item->dim[2] : 1};
}

static const char *input_scaling(const struct likelihood *likelihood) {
    return likelihood->raw_u8 ? "none" : "u8/255";
}

/* Returns whether the model needs a key or a value that version 2 introduced. */
static bool needs_version_2(const struct model_config *c) {
    return !hidden_is_plain(&c->encoder) || !hidden_is_plain(&c->decoder) ||
           c->logvar_bound != (double)LOGVAR_LIMIT || c->activation->version > 1;
}

int model_config_put(const struct model_config *c, json_t *m) {
    char shape[SHAPE_TEXT], hidden[2][HIDDEN_TEXT], prior[PRIOR_TEXT], sigma[SCALE_TEXT], target[TARGET_TEXT];
    const struct likelihood *l = c->likelihood;
    int failed = metadata_put(m, "format", "%s", safetensors_model.format) | metadata_put(m, "version", "2") |
                 metadata_put(m, "item_shape", "%s", shape_text(&c->item, shape)) |
                 metadata_put(m, "input_scaling", "%s", input_scaling(l)) |
                 metadata_put(m, "latent", "%zu", c->latent) |
                 metadata_put(m, "encoder_hidden", "%s", hidden_text(&c->encoder, hidden[0])) |
                 metadata_put(m, "decoder_hidden", "%s", hidden_text(&c->decoder, hidden[1])) |
                 metadata_put(m, "activation", "%s", c->activation->name) |
                 metadata_put(m, "likelihood", "%s", c->likelihood->name) |
                 metadata_put(m, "binarize", "%s", binarize_name(c->binarize));
    if (l->scales != 0)
        failed |= metadata_put(m, "sigma", "%s", likelihood_scale_text(c->scale, c->sigma, sigma));
    if (l->has_levels)
        failed |= metadata_put(m, "levels", "%zu", c->levels);
    if (c->classes > 0)
        failed |= metadata_put(m, "classes", "%zu", c->classes);
    if (c->prior != &prior_normal)
        failed |= metadata_put(m, "prior", "%s", prior_text(c->prior, c->components, prior));
    if (c->missing)
        failed |= metadata_put(m, "missing", MISSING);
    if (c->tokens != NULL)
        failed |= metadata_put(m, "tokens", "%s", c->tokens);
    failed |= metadata_put(m, "logvar_bound", "%.9g", c->logvar_bound);
    if (c->target.deviation > 0)
        failed |= metadata_put(m, "target_hidden", "%s", target_hidden_text(&c->target, target)) |
                  metadata_put(m, "target_mean", "%.17g", c->target.mean) |
                  metadata_put(m, "target_deviation", "%.17g", c->target.deviation);
    return failed;
}

/* A file that is read: its name and its metadata. */
struct source {
    const char *name;
    const json_t *metadata;
};

/* Returns the text of a key, or NULL with a message if there is none. */
static const char *get(const struct source *s, const char *key) {
    const char *text = json_string_value(json_object_get(s->metadata, key));
    if (text == NULL)
        (void)fail("%s: metadata \"%s\" is missing, wanted it, see vae-model(5)", s->name, key);
    return text;
}

/* Writes the beginning of a message about a key's value to `text`, and returns it. */
static const char *where(const struct source *s, const char *key, char text[ERROR_SUBJECT]) {
    snprintf(text, ERROR_SUBJECT, "%s: metadata \"%s\"", s->name, key);
    return text;
}

static int get_exactly(const struct source *s, const char *key, const char *wanted) {
    const char *text = get(s, key);
    if (text != NULL && strcmp(text, wanted) != 0)
        return fail("%s: metadata \"%s\" is \"%s\", wanted \"%s\"", s->name, key, text, wanted);
    return text == NULL ? -1 : 0;
}

static int get_hidden(const struct source *s, const char *key, struct hidden *hidden) {
    char name[ERROR_SUBJECT];
    const char *text = get(s, key);
    return text == NULL ? -1 : hidden_parse(hidden, where(s, key, name), text);
}

static int get_sizes(const struct source *s, struct model_config *c) {
    char name[ERROR_SUBJECT];
    uint64_t latent;
    const char *shape = get(s, "item_shape"), *text = shape == NULL ? NULL : get(s, "latent");
    if (text == NULL || shape_parse(&c->item, where(s, "item_shape", name), shape) < 0 ||
        parse_whole(where(s, "latent", name), text, 1, MODEL_MAX_LATENT, &latent) < 0)
        return -1;
    c->latent = (size_t)latent;
    return get_hidden(s, "encoder_hidden", &c->encoder) < 0 ? -1 : get_hidden(s, "decoder_hidden", &c->decoder);
}

static int get_choices(const struct source *s, struct model_config *c) {
    char name[ERROR_SUBJECT];
    const char *activation = get(s, "activation"), *likelihood = activation == NULL ? NULL : get(s, "likelihood"),
               *binarize = likelihood == NULL ? NULL : get(s, "binarize");
    if (binarize == NULL)
        return -1;
    c->activation = activation_find(where(s, "activation", name), activation);
    c->likelihood = likelihood_find(where(s, "likelihood", name), likelihood);
    int found = binarize_find(where(s, "binarize", name), binarize);
    if (c->activation == NULL || c->likelihood == NULL || found < 0)
        return -1;
    c->binarize = (enum binarize)found;
    return 0;
}

/* Returns the text of a key that only some likelihoods have; NULL also if this likelihood does not have it. */
static const char *get_own(const struct source *s, const struct likelihood *l, const char *key, bool has,
                           int *result) {
    const char *text = has ? get(s, key) : NULL;
    if (!has && json_object_get(s->metadata, key) != NULL)
        *result = fail("%s: metadata \"%s\" is there, wanted none for %s", s->name, key, l->name);
    else if (has && text == NULL)
        *result = -1;
    return text;
}

static int get_likelihood(const struct source *s, struct model_config *c) {
    char name[ERROR_SUBJECT];
    const struct likelihood *l = c->likelihood;
    uint64_t number = 0;
    int result = get_exactly(s, "input_scaling", input_scaling(l));
    const char *sigma = get_own(s, l, "sigma", l->scales != 0, &result),
               *levels = get_own(s, l, "levels", l->has_levels, &result);
    if (result == 0 && sigma != NULL)
        result = likelihood_scale(l, where(s, "sigma", name), sigma, &c->scale, &c->sigma);
    if (result == 0 && levels != NULL)
        result = parse_whole(where(s, "levels", name), levels, 2, LIKELIHOOD_MAX_LEVELS, &number);
    c->levels = (size_t)number;
    return result;
}

static bool has(const struct source *s, const char *key) {
    return json_object_get(s->metadata, key) != NULL;
}

/* Reads the vocabulary, which has a token for each level but the first. */
static int get_tokens(const struct source *s, struct model_config *c) {
    if (!has(s, "tokens"))
        return 0;
    c->tokens = get(s, "tokens");
    if (c->tokens == NULL)
        return -1;
    const size_t tokens = model_config_tokens(c->tokens), length = strlen(c->tokens);
    if (length > 0 && c->tokens[length - 1] != '\n')
        return fail("%s: metadata \"tokens\" ends within a line, wanted a line end after each token", s->name);
    return tokens + 1 == c->levels
               ? 0
               : fail("%s: metadata \"tokens\" has %zu lines, wanted %zu, one less than \"levels\"", s->name,
                      tokens, c->levels == 0 ? 0 : c->levels - 1);
}

/* Reads the head of a model that predicts a target. */
static int get_target(const struct source *s, struct model_config *c) {
    char name[ERROR_SUBJECT];
    const char *hidden, *mean, *deviation;
    if (!has(s, "target_hidden") && !has(s, "target_mean") && !has(s, "target_deviation"))
        return 0;
    if ((hidden = get(s, "target_hidden")) == NULL || (mean = get(s, "target_mean")) == NULL ||
        (deviation = get(s, "target_deviation")) == NULL)
        return -1;
    return target_parse_hidden(&c->target, where(s, "target_hidden", name), hidden) < 0 ||
                   parse_real(where(s, "target_mean", name), mean, -(double)FLT_MAX, (double)FLT_MAX,
                              &c->target.mean) < 0 ||
                   parse_real(where(s, "target_deviation", name), deviation, (double)FLT_MIN, (double)FLT_MAX,
                              &c->target.deviation) < 0
               ? -1
               : 0;
}

/* Reads the keys that only some models have. */
static int get_options(const struct source *s, struct model_config *c) {
    char name[ERROR_SUBJECT];
    uint64_t classes = 0;
    const char *text;
    if (has(s, "classes") && ((text = get(s, "classes")) == NULL ||
                              parse_whole(where(s, "classes", name), text, 1, LABELS_MAX_CLASSES, &classes) < 0))
        return -1;
    if (has(s, "prior") && ((text = get(s, "prior")) == NULL ||
                            prior_parse(&c->prior, &c->components, where(s, "prior", name), text) < 0))
        return -1;
    if (has(s, "logvar_bound") &&
        ((text = get(s, "logvar_bound")) == NULL ||
         parse_real(where(s, "logvar_bound", name), text, 1, (double)LOGVAR_LIMIT, &c->logvar_bound) < 0))
        return -1;
    c->classes = (size_t)classes;
    c->missing = has(s, "missing");
    return c->missing ? get_exactly(s, "missing", MISSING) : 0;
}

static int get_version(const struct source *s, int *version) {
    const char *text = get(s, "version");
    if (text == NULL)
        return -1;
    *version = strcmp(text, "1") == 0 ? 1 : strcmp(text, "2") == 0 ? 2 : 0;
    return *version == 0 ? fail("%s: metadata \"version\" is \"%s\", wanted \"1\" or \"2\"", s->name, text) : 0;
}

static bool is_known(const char *key, int version) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, key) == 0)
            return keys[i].version <= version;
    return version >= 2 && strncmp(key, MADE, strlen(MADE)) == 0;
}

static int check_keys(const struct source *s, int version) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)s->metadata, key, value) {
        if (!is_known(key, version))
            return fail("%s: metadata \"%s\" is not known, wanted only the keys of version %d, see vae-model(5)",
                        s->name, key, version);
    }
    return 0;
}

int model_config_get(struct model_config *c, const json_t *metadata, const char *name) {
    const struct source source = {name, metadata}, *s = &source;
    int version;
    *c = (struct model_config){.prior = &prior_normal, .logvar_bound = (double)LOGVAR_LIMIT};
    if (get_exactly(s, "format", safetensors_model.format) < 0 || get_version(s, &version) < 0 ||
        check_keys(s, version) < 0 || get_sizes(s, c) < 0 || get_choices(s, c) < 0 || get_options(s, c) < 0 ||
        get_likelihood(s, c) < 0 || get_tokens(s, c) < 0 || get_target(s, c) < 0)
        return -1;
    if (version == 1 && needs_version_2(c))
        return fail("%s: metadata \"version\" is \"1\", wanted \"2\" for this model", name);
    return 0;
}
