/* SPDX-License-Identifier: MIT */
#include "op/hidden.h"

#include "base/error.h"
#include "base/number.h"
#include "op/ops.h"

#include <stdio.h>
#include <string.h>

#define NONE "none"
#define VERSION_1_MAX 8 /* layers of a list in model files of version 1 */

/* The ops that may be in a list. */
static const struct { const struct op *op; } ops[] = {{&op_linear}, {&op_residual}};
#define OPS (sizeof ops / sizeof *ops)

/* Parses the first `length` characters of `text`, such as "a:b", as the arguments of the layer's op. Returns
 * whether they are valid. */
static bool read_arguments(struct hidden_layer *layer, const char *text, size_t length) {
    size_t count = 0;
    return (length == 0 ||
            read_list(text, length, ':', 1, HIDDEN_MAX_UNITS, OP_ARGUMENTS, layer->argument, &count)) &&
           count == layer->op->arguments;
}

/* Parses one item of the list, the first `length` characters of `text`. Returns whether it is valid. */
static bool read_layer(struct hidden_layer *layer, const char *text, size_t length) {
    *layer = (struct hidden_layer){.op = &op_linear};
    if (read_arguments(layer, text, length))
        return true;
    const char *colon = memchr(text, ':', length);
    const size_t name = colon == NULL ? length : (size_t)(colon - text), rest = colon == NULL ? length : name + 1;
    for (size_t i = 0; i < OPS; i++) {
        *layer = (struct hidden_layer){.op = ops[i].op};
        if (strlen(ops[i].op->name) == name && memcmp(ops[i].op->name, text, name) == 0)
            return (colon == NULL || rest < length) && read_arguments(layer, text + rest, length - rest);
    }
    return false;
}

static int refuse(const char *name, const char *text) {
    char usages[128] = "";
    for (size_t i = 0; i < OPS; i++)
        snprintf(usages + strlen(usages), sizeof usages - strlen(usages), "%s%s", i == 0 ? "" : ", ",
                 ops[i].op->usage);
    return fail("%s: found '%s', wanted " NONE
                ", or 1 to %d layers with ',' between them, each one of %s (numbers from 1 to %d)",
                name, text, HIDDEN_MAX, usages, HIDDEN_MAX_UNITS);
}

int hidden_parse(struct hidden *hidden, const char *name, const char *text) {
    *hidden = (struct hidden){0};
    if (strcmp(text, NONE) == 0)
        return 0;
    for (const char *item = text;; item++) {
        const size_t length = strcspn(item, ",");
        if (hidden->layers == HIDDEN_MAX || !read_layer(&hidden->layer[hidden->layers], item, length))
            return refuse(name, text);
        hidden->layers++;
        item += length;
        if (*item == '\0')
            return 0;
    }
}

const char *hidden_text(const struct hidden *hidden, char text[HIDDEN_TEXT]) {
    size_t used = 0;
    snprintf(text, HIDDEN_TEXT, NONE);
    for (size_t i = 0; i < hidden->layers; i++) {
        const struct hidden_layer *layer = &hidden->layer[i];
        const bool plain = layer->op == &op_linear;
        used += (size_t)snprintf(text + used, HIDDEN_TEXT - used, "%s%s", i == 0 ? "" : ",",
                                 plain ? "" : layer->op->name);
        for (size_t j = 0; j < layer->op->arguments; j++)
            used += (size_t)snprintf(text + used, HIDDEN_TEXT - used, plain ? "%zu" : ":%zu", layer->argument[j]);
    }
    return text;
}

bool hidden_is_plain(const struct hidden *hidden) {
    for (size_t i = 0; i < hidden->layers; i++)
        if (hidden->layer[i].op != &op_linear)
            return false;
    return hidden->layers <= VERSION_1_MAX;
}

static struct hidden_layer linear(size_t units) {
    return (struct hidden_layer){.op = &op_linear, .argument = {units}};
}

int hidden_mirror(struct hidden *decoder, const struct hidden *encoder, const char *name) {
    const size_t n = encoder->layers;
    size_t width[HIDDEN_MAX];
    *decoder = (struct hidden){.layers = n};
    for (size_t i = 0; i < n; i++) {
        const struct hidden_layer *layer = &encoder->layer[i];
        if (layer->op->keeps_width && i == 0)
            return fail("%s: not given, wanted it with a list of hidden layers that begins with %s", name,
                        layer->op->name);
        width[i] = layer->op->keeps_width ? width[i - 1] : layer->argument[0];
    }
    /* Layer i of the decoder has the width of layer n - 1 - i of the encoder. Its input is the latent for i = 0,
     * and otherwise has the width of layer n - i of the encoder. */
    for (size_t i = 0; i < n; i++) {
        const bool keeps = i > 0 && encoder->layer[n - i].op->keeps_width;
        decoder->layer[i] = keeps ? encoder->layer[n - i] : linear(width[n - 1 - i]);
    }
    return 0;
}

size_t hidden_add(struct net *net, const char *room, size_t in, const struct hidden *hidden,
                  const struct activation *activation) {
    for (size_t i = 0; i < hidden->layers; i++) {
        char name[LAYER_NAME];
        snprintf(name, sizeof name, "%s.%zu", room, i);
        in = hidden->layer[i].op->add(net, name, in, hidden->layer[i].argument, activation);
    }
    return in;
}
