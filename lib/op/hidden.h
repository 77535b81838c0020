/* SPDX-License-Identifier: MIT */
#ifndef OP_HIDDEN_H
#define OP_HIDDEN_H

#include "nn/activation.h"
#include "nn/net.h"

/* A list of hidden layers as the user writes it: item(,item)*, or none. An item is the name of an op with its
 * arguments, op(:argument)*, or a number N of units, which is short for linear:N. */

#define HIDDEN_MAX 64          /* most layers of a list */
#define HIDDEN_MAX_UNITS 65536 /* greatest argument, such as the units of a layer */

struct hidden_layer {
    const struct op *op;
    size_t argument[OP_ARGUMENTS];
};

struct hidden {
    size_t layers; /* 0: no hidden layer, so one linear layer leads from input to output */
    struct hidden_layer layer[HIDDEN_MAX];
};

/* Bytes of the longest text of a list: a comma, the name and the arguments of each layer. */
#define HIDDEN_TEXT (HIDDEN_MAX * (OP_NAME + OP_ARGUMENTS * 7))

/* Parses a list. 0, or -1 with a message that begins with `name`. */
int hidden_parse(struct hidden *hidden, const char *name, const char *text) __attribute__((warn_unused_result));

/* Writes the canonical text of a list to `text`, and returns it. A linear layer is just its number of units. */
const char *hidden_text(const struct hidden *hidden, char text[HIDDEN_TEXT]);

/* Returns whether the list can be written in model files of version 1: linear layers only, and not too many. */
bool hidden_is_plain(const struct hidden *hidden);

/* Sets the decoder's layers to the encoder's in reverse order: the same widths, with the same ops between two
 * widths. 0, or -1 with a message that begins with `name` if the first layer has the width of the data. */
int hidden_mirror(struct hidden *decoder, const struct hidden *encoder, const char *name)
    __attribute__((warn_unused_result));

/* Adds the layers to a net, with the names "room.0", "room.1" and so on. `in`: index of the layer before them.
 * Returns the index of the last one, or `in` if there are none. Errors are reported as by net_add. */
size_t hidden_add(struct net *net, const char *room, size_t in, const struct hidden *hidden,
                  const struct activation *activation);

#endif
