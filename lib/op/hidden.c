/* SPDX-License-Identifier: MIT */
#include "op/hidden.h"

#include "base/error.h"
#include "base/number.h"
#include "op/ops.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NONE "none"
#define VERSION_1_MAX 8 /* layers of a list in model files of version 1 */

/* The kinds of layers that may be in a list. */
static const struct {
    const struct hidden_kind *kind;
} kinds[] = {
    {&hidden_kind_linear}, {&hidden_kind_residual}, {&hidden_kind_conv}, {&hidden_kind_resconv},
    {&hidden_kind_up},     {&hidden_kind_norm},     {&hidden_kind_gru},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* Parses the first `length` characters of `text`, such as "a:b", as the layer's arguments. Returns whether they are
 * valid. */
static bool read_arguments(struct hidden_layer *layer, const char *text, size_t length) {
    const struct hidden_kind *kind = layer->kind;
    layer->arguments = 0;
    if (length > 0 &&
        !read_list(text, length, ':', 1, HIDDEN_MAX_UNITS, HIDDEN_ARGUMENTS, layer->argument, &layer->arguments))
        return false;
    for (size_t j = 0; j < layer->arguments; j++)
        if (kind->most[j] > 0 && layer->argument[j] > kind->most[j])
            return false;
    return (kind->counts >> layer->arguments & 1) == 1;
}

/* Returns the kind whose name is the first `length` characters of `text`, or NULL. */
static const struct hidden_kind *find_kind(const char *text, size_t length) {
    for (size_t i = 0; i < KINDS; i++) {
        const char *name = kinds[i].kind->name;
        if (strlen(name) == length && memcmp(name, text, length) == 0)
            return kinds[i].kind;
    }
    return NULL;
}

/* Parses one item of the list, the first `length` characters of `text`. Returns whether it is valid. */
static bool read_layer(struct hidden_layer *layer, const char *text, size_t length) {
    const char *colon = memchr(text, ':', length);
    const size_t name = colon == NULL ? length : (size_t)(colon - text), rest = colon == NULL ? length : name + 1;
    *layer = (struct hidden_layer){.kind = &hidden_kind_linear};
    if (colon == NULL && read_arguments(layer, text, length))
        return true;
    *layer = (struct hidden_layer){.kind = find_kind(text, name)};
    return layer->kind != NULL && (colon == NULL || rest < length) &&
           read_arguments(layer, text + rest, length - rest);
}

#define USAGES 320

/* Writes what may stand in a list, or as a layer of that kind if it is not NULL, to `text`, and returns it. */
static const char *usage_text(const struct hidden_kind *kind, char text[USAGES]) {
    static const char *const places[HIDDEN_ARGUMENTS] = {"first", "second", "third"};
    size_t used;
    if (kind != NULL) {
        used = (size_t)snprintf(text, USAGES, "%s", kind->usage);
    } else {
        used = (size_t)snprintf(text, USAGES, NONE ", or 1 to %d layers with ',' between them, each one of ",
                                HIDDEN_MAX);
        for (size_t i = 0; i < KINDS; i++)
            used += (size_t)snprintf(text + used, USAGES - used, "%s%s", i == 0 ? "" : ", ", kinds[i].kind->usage);
    }
    if (kind != NULL && kind->counts == 1 << 0)
        return text;
    used += (size_t)snprintf(text + used, USAGES - used, " (numbers from 1 to %d", HIDDEN_MAX_UNITS);
    for (size_t j = 0; kind != NULL && j < HIDDEN_ARGUMENTS; j++)
        if (kind->most[j] > 0)
            used += (size_t)snprintf(text + used, USAGES - used, ", the %s to %zu", places[j], kind->most[j]);
    snprintf(text + used, USAGES - used, ")");
    return text;
}

/* Names of layers in other libraries, and the hint for each. */
static const struct {
    const char *name, *hint;
} foreign[] = {
    {"pool", "the STRIDE of conv makes pictures smaller"},
    {"maxpool", "the STRIDE of conv makes pictures smaller"},
    {"avgpool", "the STRIDE of conv makes pictures smaller"},
    {"deconv", "up and then conv makes pictures larger"},
    {"convtranspose", "up and then conv makes pictures larger"},
    {"upsample", "up makes pictures larger"},
    {"batchnorm", "norm normalises each item alone"},
    {"layernorm", "norm:1 normalises each item alone"},
    {"groupnorm", "norm normalises groups of channels"},
    {"flatten", "N units may follow a picture"},
    {"resblock", "res is a residual block of units, and resconv one of pictures"},
    {"dense", "N units are a fully connected layer"},
    {"fc", "N units are a fully connected layer"},
    {"conv", "a convolution is conv:CHANNELS:KERNEL[:STRIDE]"},
    {"relu", "--activation is that of all layers"},
    {"tanh", "--activation is that of all layers"},
    {"elu", "--activation is that of all layers"},
    {"softplus", "--activation is that of all layers"},
    {"gelu", "--activation is that of all layers"},
    {"silu", "--activation is that of all layers"},
    {"gated", "--activation is that of all layers"},
};

/* Returns the hint for the name that is the first `length` characters of `text`, in letters of any size and with or
 * without "2d" at its end, or "". */
static const char *hint_for(const char *text, size_t length) {
    if (length > 2 && strncasecmp(text + length - 2, "2d", 2) == 0)
        length -= 2;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strlen(foreign[i].name) == length && strncasecmp(foreign[i].name, text, length) == 0)
            return foreign[i].hint;
    return "";
}

/* Fails with a message about the `length` characters at `found` of the list `text`: all of it, or one layer. If
 * this layer's kind is known, its arguments are wrong, and the message has the usage of the kind alone. Returns -1.
 */
static int refuse(const char *name, const char *text, const char *found, size_t length) {
    const bool single = length == strcspn(found, ","), all = strlen(text) == length;
    const struct hidden_kind *kind = single ? find_kind(found, strcspn(found, ":,")) : NULL;
    const char *hint = single && kind == NULL ? hint_for(found, strcspn(found, ":,")) : "";
    char usages[USAGES];
    return fail("%s: found '%.*s'%s%s%s, wanted %s%s%s", name, (int)length, found, all ? "" : " in '",
                all ? "" : text, all ? "" : "'", usage_text(kind, usages), *hint == '\0' ? "" : ": ", hint);
}

/* A normalization reads the product of the layer before it. */
static int check_order(const struct hidden *hidden, const char *name) {
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_kind *kind = hidden->layer[i].kind;
        if (kind->normalises && (i == 0 || !hidden->layer[i - 1].kind->makes_product))
            return fail("%s: found %s %s%s, wanted it after a layer whose product it normalises: linear or conv",
                        name, kind->name, i == 0 ? "at the beginning" : "after ",
                        i == 0 ? "" : hidden->layer[i - 1].kind->name);
    }
    return 0;
}

int hidden_parse(struct hidden *hidden, const char *name, const char *text) {
    *hidden = (struct hidden){0};
    if (strcmp(text, NONE) == 0)
        return 0;
    for (const char *item = text;; item++) {
        const size_t length = strcspn(item, ",");
        if (hidden->layers == HIDDEN_MAX)
            return refuse(name, text, text, strlen(text));
        if (!read_layer(&hidden->layer[hidden->layers], item, length))
            return refuse(name, text, item, length);
        hidden->layers++;
        item += length;
        if (*item == '\0')
            return check_order(hidden, name);
    }
}

static bool is_plain(const struct hidden_layer *layer) {
    return layer->kind == &hidden_kind_linear && layer->arguments == 1;
}

/* A convolution of units would be one of a single pixel. */
static int check_picture(const struct hidden *hidden, size_t i, size_t latents, const char *name) {
    size_t made = i; /* the layer that makes the shape is the one before it */
    while (made > 0 && hidden->layer[made - 1].kind->keeps_shape)
        made--;
    const struct hidden_layer *maker = made == 0 ? NULL : &hidden->layer[made - 1];
    if (maker == NULL ? latents == 0 && hidden_reads_pictures(hidden) : !is_plain(maker) && !maker->kind->recurrent)
        return 0;
    return fail("%s: found %s %s, wanted a picture for it, which linear:HEIGHT:WIDTH:CHANNELS makes", name,
                hidden->layer[i].kind->name, made == 0 && latents > 0 ? "of the latents" : "of units");
}

/* Replaces the shape of a layer's input by that of its output, unless it depends on the data: then the height is 0.
 * Refuses one that is too large. 0 or -1. */
static int advance(const struct hidden_layer *layer, struct image *shape, const char *name) {
    const struct hidden_kind *kind = layer->kind;
    if (kind->keeps_shape || (shape->height == 0 && kind != &hidden_kind_linear))
        return 0;
    *shape = kind->shape(layer, shape);
    return net_image_fits(shape) ? 0
                                 : fail("%s: %s makes %zux%zux%zu numbers of an item, wanted at most %zu", name,
                                        kind->name, shape->height, shape->width, shape->channels, NET_MAX_ROW);
}

int hidden_check_recurrent(const struct hidden *hidden, bool decoder, const char *name) {
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_kind *kind = hidden->layer[i].kind;
        if (!kind->recurrent)
            continue;
        if (decoder && i + 1 < hidden->layers)
            return fail("%s: found %s before %s, wanted it as the last layer of a decoder", name, kind->name,
                        hidden->layer[i + 1].kind->name);
        if (!decoder && i > 0 && !hidden->layer[i - 1].kind->recurrent)
            return fail("%s: found %s after %s, wanted it as the first layer, or after another %s", name,
                        kind->name, hidden->layer[i - 1].kind->name, kind->name);
    }
    return 0;
}

int hidden_check(const struct hidden *hidden, size_t latents, const struct activation *activation,
                 const char *name) {
    struct image shape = {latents > 0 ? 1 : 0, 1, latents};
    if (hidden_check_recurrent(hidden, latents > 0, name) < 0)
        return -1;
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_layer *layer = &hidden->layer[i], *before = i == 0 ? NULL : layer - 1;
        if ((layer->kind->convolves && check_picture(hidden, i, latents, name) < 0) ||
            (layer->kind->check != NULL && layer->kind->check(layer, before, &shape, activation, name) < 0) ||
            advance(layer, &shape, name) < 0)
            return -1;
    }
    return 0;
}

/* Returns how many arguments are left without the last ones that may be left out. */
static size_t needed_arguments(const struct hidden_layer *layer) {
    size_t n = layer->arguments;
    while (n > 0 && layer->argument[n - 1] == layer->kind->standard[n - 1])
        n--;
    return n;
}

const char *hidden_text(const struct hidden *hidden, char text[HIDDEN_TEXT]) {
    size_t used = 0;
    snprintf(text, HIDDEN_TEXT, NONE);
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_layer *layer = &hidden->layer[i];
        const bool plain = is_plain(layer);
        used += (size_t)snprintf(text + used, HIDDEN_TEXT - used, "%s%s", i == 0 ? "" : ",",
                                 plain ? "" : layer->kind->name);
        const size_t arguments = needed_arguments(layer);
        for (size_t j = 0; j < arguments; j++)
            used += (size_t)snprintf(text + used, HIDDEN_TEXT - used, plain ? "%zu" : ":%zu", layer->argument[j]);
    }
    return text;
}

bool hidden_is_plain(const struct hidden *hidden) {
    for (size_t i = 0; i < hidden->layers; i++)
        if (!is_plain(&hidden->layer[i]))
            return false;
    return hidden->layers <= VERSION_1_MAX;
}

bool hidden_is_recurrent(const struct hidden *hidden) {
    for (size_t i = 0; i < hidden->layers; i++)
        if (hidden->layer[i].kind->recurrent)
            return true;
    return false;
}

bool hidden_reads_pictures(const struct hidden *hidden) {
    return hidden->layers > 0 && hidden->layer[0].kind->reads_pictures;
}

int hidden_append(struct hidden *hidden, const struct hidden_layer *layer) {
    if (hidden->layers > HIDDEN_MAX)
        return -1;
    hidden->layer[hidden->layers++] = *layer;
    return 0;
}

struct hidden_layer hidden_linear(const struct image *shape) {
    if (image_positions(shape) == 1)
        return (struct hidden_layer){&hidden_kind_linear, 1, {shape->channels}};
    return (struct hidden_layer){&hidden_kind_linear, 3, {shape->height, shape->width, shape->channels}};
}

int hidden_check_mirror(const struct hidden *encoder, const char *name) {
    for (size_t i = 0; i < encoder->layers; i++) {
        const struct hidden_kind *kind = encoder->layer[i].kind;
        if (i == 0 && kind->keeps_shape)
            return fail("%s: not given, wanted a list, since the encoder's begins with %s", name, kind->name);
        if (!kind->keeps_shape && kind->mirror == NULL)
            return fail("%s: not given, wanted a list, since the encoder's has %s", name, kind->name);
    }
    return 0;
}

/* Appends the layers of the encoder before layer `end` that keep the shape, the last one first, to the layer of the
 * decoder that makes this shape. A normalization, which is the first one, follows that layer in both lists. Returns
 * the number of the first of these layers; sets *full if the list is full. */
static size_t mirror_shape(struct hidden *decoder, const struct hidden *encoder, size_t end, int *full) {
    size_t first = end;
    while (encoder->layer[first - 1].kind->keeps_shape)
        first--;
    const bool normalised = first < end && encoder->layer[first].kind->normalises;
    if (normalised)
        *full |= hidden_append(decoder, &encoder->layer[first]);
    for (size_t i = end; i-- > first + (normalised ? 1 : 0);)
        *full |= hidden_append(decoder, &encoder->layer[i]);
    return first;
}

int hidden_mirror(struct hidden *decoder, const struct hidden *encoder, const struct image *item,
                  const char *name) {
    const size_t n = encoder->layers;
    struct image shape[HIDDEN_MAX + 1] = {*item}; /* shape[i] is that of the input of layer i */
    int full = 0;
    *decoder = (struct hidden){0};
    if (n == 0)
        return 0;
    if (hidden_check_mirror(encoder, name) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct hidden_kind *kind = encoder->layer[i].kind;
        shape[i + 1] = kind->keeps_shape ? shape[i] : kind->shape(&encoder->layer[i], &shape[i]);
    }
    const struct hidden_layer first = hidden_linear(&shape[n]);
    full |= hidden_append(decoder, &first);
    for (size_t i = n; i > 0;) {
        const size_t makes = mirror_shape(decoder, encoder, i, &full) - 1; /* the layer that makes this shape */
        full |= encoder->layer[makes].kind->mirror(decoder, &encoder->layer[makes], &shape[makes]);
        i = makes;
    }
    decoder->layers--; /* the last one computes the output */
    for (size_t i = 0; i < decoder->layers; i++)
        for (size_t j = 0; j < decoder->layer[i].arguments; j++)
            if (decoder->layer[i].argument[j] > HIDDEN_MAX_UNITS)
                return fail("%s: not given, wanted it, since the mirrored layers have numbers above %d", name,
                            HIDDEN_MAX_UNITS);
    return full == 0
               ? 0
               : fail("%s: not given, wanted it, since the mirrored layers are more than %d", name, HIDDEN_MAX);
}

size_t hidden_add(const struct hidden_place *place, const struct hidden *hidden) {
    struct hidden_place here = *place;
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_kind *next = i + 1 < hidden->layers ? hidden->layer[i + 1].kind : NULL;
        char name[LAYER_NAME];
        snprintf(name, sizeof name, "%s.%zu", place->name, i);
        here.name = name;
        here.normalised = next != NULL && next->normalises;
        here.continues = next != NULL && next->recurrent;
        here.in = hidden->layer[i].kind->add(&here, &hidden->layer[i]);
    }
    return here.in;
}
