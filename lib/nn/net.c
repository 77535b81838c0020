/* SPDX-License-Identifier: MIT */
#include "nn/net.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t fail_net(struct net *net, int failed) {
    net->failed = net->failed || failed < 0;
    return 0;
}

static void *copy_of(const void *options, size_t size) {
    void *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, options, size);
    return copy;
}

/* Rows and marks that follow from the inputs. */
static void connect(struct net *net, struct layer *layer) {
    layer->rows = layer->op->draws ? PER_DRAW : PER_ITEM;
    for (size_t i = 0; i < layer->inputs; i++) {
        struct layer *input = &net->layer[layer->in[i]];
        if (input->rows == PER_DRAW)
            layer->rows = PER_DRAW;
        layer->adds[i] = false;
        layer->completes[i] = true;
    }
    if (layer->op->reads_panels)
        net->layer[layer->in[0]].packs = true;
    if (layer->op->replaces)
        net->layer[layer->in[0]].replaced = true;
}

/* Frees what a layer owns. */
static void end_layer(struct layer *layer) {
    if (layer->op->end != NULL)
        layer->op->end(layer);
    free(layer->options);
}

/* Appends a layer, with what its op left to follow from the rest. 0 or -1. */
static int append(struct net *net, struct layer *layer) {
    layer->units = layer->units > 0 ? layer->units : layer->width > 0 ? layer->width : 1;
    layer->group = layer->group > 0 ? layer->group : 1;
    if (layer->image.height == 0)
        layer->image = (struct image){1, 1, layer->width};
    layer->differentiable = layer->differentiable || layer->owns > 0;
    struct layer *grown = memory_grow(net->layer, net->layers, sizeof *grown);
    if (grown == NULL)
        return fail("%s: out of memory for %zu layers", net_name(net), net->layers + 1);
    net->layer = grown;
    net->layer[net->layers++] = *layer;
    return 0;
}

size_t net_add(struct net *net, const struct op *op, const char *name, const void *options, size_t size,
               size_t inputs, const size_t *in) {
    if (net->failed)
        return 0;
    struct layer layer = {.op = op, .number = net->layers, .inputs = inputs};
    if (snprintf(layer.name, sizeof layer.name, "%s", name) >= LAYER_NAME)
        return fail_net(net, fail("%s: a layer called %s, wanted a name of at most %d bytes", net_name(net), name,
                                  LAYER_NAME - 1));
    if (inputs > LAYER_INPUTS)
        return fail_net(net, fail("%s: the layer %s reads %zu others, wanted at most %d", net_name(net), name,
                                  inputs, LAYER_INPUTS));
    for (size_t i = 0; i < inputs; i++)
        layer.in[i] = in[i];
    if (options != NULL && (layer.options = copy_of(options, size)) == NULL)
        return fail_net(net, fail("%s: out of memory for the layer %s", net_name(net), name));
    connect(net, &layer);
    if (op->infer(net, &layer) < 0 || append(net, &layer) < 0) {
        end_layer(&layer);
        return fail_net(net, -1);
    }
    return layer.number;
}

void net_remove_last(struct net *net) {
    end_layer(&net->layer[--net->layers]);
}

size_t net_add_shape(struct net *net, const char *layer, enum tensor_kind kind, const char *what,
                     const struct shape *shape) {
    char name[TENSOR_NAME];
    snprintf(name, sizeof name, "%s.%s", layer, what);
    return parameters_add_shape(&net->parameters, kind, name, shape);
}

size_t net_add_tensor(struct net *net, const char *layer, enum tensor_kind kind, const char *what, size_t rows,
                      size_t columns) {
    return net_add_shape(net, layer, kind, what, &(struct shape){columns == 0 ? 1 : 2, {rows, columns}});
}

bool net_image_fits(const struct image *image) {
    size_t size = image->height;
    return multiply(size, image->width, &size) && multiply(size, image->channels, &size) && size <= NET_MAX_ROW;
}

int net_check_image(const struct net *net, const char *layer, const struct image *image) {
    if (net_image_fits(image))
        return 0;
    return fail("%s: %s makes %zux%zux%zu numbers of an item, wanted at most %zu", net_name(net), layer,
                image->height, image->width, image->channels, NET_MAX_ROW);
}

/* If `earlier` also computes a part of the gradient with respect to input j of `later`: it adds it to the other,
 * and it does not come last. */
static void share_gradient(struct layer *earlier, struct layer *later, size_t j) {
    for (size_t l = 0; l < net_backward_inputs(earlier); l++)
        if (earlier->in[l] == later->in[j]) {
            earlier->adds[l] = true;
            later->completes[j] = false;
        }
}

/* The same if input j of a layer is also an earlier one of its inputs: backward computes their gradients in order.
 */
static void share_own_gradient(struct layer *layer, size_t j) {
    for (size_t l = 0; l < j; l++)
        if (layer->in[l] == layer->in[j]) {
            layer->adds[j] = true;
            layer->completes[l] = false;
        }
}

/* A layer whose reader changes the output in place, or puts the gradient there, must have no other reader. 0 or -1.
 */
static int check_readers(const struct net *net) {
    for (size_t i = 0; i < net->layers; i++)
        for (size_t j = 0; j < net->layers; j++)
            for (size_t k = 0; i != j && k < net->layer[j].inputs; k++) {
                const struct layer *changes = &net->layer[i], *reads = &net->layer[j];
                if ((changes->op->in_place || changes->op->replaces) && reads->in[k] == changes->in[0])
                    return fail(
                        "%s: the output of %s is read by %s, which changes it, and by %s, wanted one of them",
                        net_name(net), net->layer[reads->in[k]].name, changes->name, reads->name);
            }
    return 0;
}

/* What is computed from a learned input has a gradient, also that of layers without parameters. */
static void mark_differentiable(struct net *net) {
    for (size_t i = 0; i < net->layers; i++)
        for (size_t j = 0; j < net->layer[i].inputs; j++) {
            const struct layer *input = net_input(net, &net->layer[i], j);
            net->layer[i].differentiable |= input->learned || input->differentiable;
        }
}

/* The last layer in the list that reads a layer is the first one that writes its gradient; the first one in the
 * list completes it. */
int net_finish(struct net *net) {
    mark_differentiable(net);
    for (size_t i = 0; i < net->layers; i++)
        for (size_t j = 0; j < net_backward_inputs(&net->layer[i]); j++) {
            share_own_gradient(&net->layer[i], j);
            for (size_t k = i; k-- > 0;)
                share_gradient(&net->layer[k], &net->layer[i], j);
        }
    const int result =
        net->failed || check_readers(net) < 0 ? -1 : parameters_check(&net->parameters, net_name(net));
    net->name = NULL;
    return result;
}

/* Whether a pass in this direction reads what the layer packs. */
static bool is_read(const struct net *net, const struct layer *layer, enum direction direction) {
    if (direction == DIRECTION_FORWARD || layer->op->recurrent)
        return true;
    for (size_t i = 0; i < layer->inputs; i++)
        if (net_input(net, layer, i)->differentiable || net_input(net, layer, i)->learned)
            return true;
    return false;
}

/* Allocates the layers' `packed` of one direction in one array. 0 or -1. */
static int allocate_packed(struct net *net, enum direction direction) {
    size_t all = 0;
    for (size_t i = 0; i < net->layers; i++)
        all += is_read(net, &net->layer[i], direction) ? net->layer[i].packed_size[direction] : 0;
    if (all == 0)
        return 0;
    float *packed = net->packed[direction] = memory_allocate(all * sizeof *packed);
    if (packed == NULL)
        return fail("%s: out of memory for the panels of its weights (%zu bytes)", net_name(net),
                    all * sizeof *packed);
    for (size_t i = 0; i < net->layers; i++) {
        struct layer *layer = &net->layer[i];
        if (layer->packed_size[direction] == 0 || !is_read(net, layer, direction))
            continue;
        layer->packed[direction] = packed;
        packed += layer->packed_size[direction];
    }
    return 0;
}

int net_allocate(struct net *net) {
    return allocate_packed(net, DIRECTION_FORWARD);
}

int net_train(struct net *net) {
    if (parameters_train(&net->parameters) < 0)
        return -1;
    if (net->packed[DIRECTION_BACKWARD] == NULL && allocate_packed(net, DIRECTION_BACKWARD) < 0)
        return -1;
    net_pack(net);
    return 0;
}

void net_pack_layer(const struct net *net, size_t layer) {
    const struct layer *packed = &net->layer[layer];
    for (size_t j = 0; packed->op->pack != NULL && j < LAYER_PARAMETERS; j++)
        if (j == 0 || packed->own[j].each > 0)
            packed->op->pack(net, packed, j, 0, packed->own_units);
}

void net_pack(const struct net *net) {
    for (size_t i = 0; i < net->layers; i++)
        net_pack_layer(net, i);
}

void net_initialise(const struct net *net, const struct initializer *initializer, uint64_t seed) {
    uint64_t number = 0;
    for (size_t i = 0; i < net->layers; i++)
        if (net->layer[i].op->initialise != NULL)
            net->layer[i].op->initialise(net, &net->layer[i], initializer, seed, number++);
}

size_t net_layer_numbers(const struct layer *layer) {
    size_t numbers = 0;
    for (size_t i = 0; i < LAYER_PARAMETERS; i++)
        numbers += layer->own[i].each * layer->own_units;
    return numbers;
}

const struct layer *net_tensor_layer(const struct net *net, const struct tensor *tensor) {
    for (size_t i = 0; i < net->layers; i++)
        for (size_t j = 0; j < LAYER_PARAMETERS; j++) {
            const struct layer *layer = &net->layer[i];
            const size_t first = layer->own[j].offset, numbers = layer->own[j].each * layer->own_units;
            if (tensor->offset >= first && tensor->offset < first + numbers)
                return layer;
        }
    return NULL;
}

void net_free(struct net *net) {
    for (size_t i = 0; i < net->layers; i++)
        end_layer(&net->layer[i]);
    free(net->layer);
    for (int i = 0; i < DIRECTIONS; i++)
        free(net->packed[i]);
    parameters_free(&net->parameters);
    *net = (struct net){0};
}
