/* SPDX-License-Identifier: MIT */
#ifndef NN_HIDDEN_H
#define NN_HIDDEN_H

#include "nn/activation.h"
#include "nn/net.h"

/* Hidden layers as a list that a user writes: item(,item)*, or none. An item is the name of an op with its
 * arguments, op(:argument)*, or a number N of units, which is short for linear:N. */

#define HIDDEN_MAX 64          /* layers of a list */
#define HIDDEN_MAX_UNITS 65536 /* of a layer */

struct hidden_layer {
    const struct op *op;
    size_t argument[OP_ARGUMENTS];
};

struct hidden {
    size_t layers; /* 0: inputs and outputs are joined by one linear layer */
    struct hidden_layer layer[HIDDEN_MAX];
};

/* The longest text of a list: a comma, the name and the arguments of each layer. */
#define HIDDEN_TEXT (HIDDEN_MAX * (OP_NAME + OP_ARGUMENTS * 7))

/* Text -> layers. 0, or -1 with a message that begins with `name`. */
int hidden_parse(struct hidden *hidden, const char *name, const char *text) __attribute__((warn_unused_result));

/* Layers -> the canonical text, in which a linear layer is its number of units. */
const char *hidden_text(const struct hidden *hidden, char text[HIDDEN_TEXT]);

/* Whether a text such as "400,200" says it all, as it does in model files of version 1. */
bool hidden_is_plain(const struct hidden *hidden);

/* The decoder's layers that mirror the encoder's: the same widths the other way round, with the ops that lead from
 * one to the other. 0, or -1 with a message that begins with `name`, if the first width is that of the data. */
int hidden_mirror(struct hidden *decoder, const struct hidden *encoder, const char *name)
    __attribute__((warn_unused_result));

/* Adds the layers, called "room.0", "room.1" and so on, to a net. Returns the index of the last one; of `in` if
 * there are none. */
size_t hidden_add(struct net *net, const char *room, size_t in, const struct hidden *hidden,
                  const struct activation *activation);

#endif
