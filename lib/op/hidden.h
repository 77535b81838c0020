/* SPDX-License-Identifier: MIT */
#ifndef OP_HIDDEN_H
#define OP_HIDDEN_H

#include "nn/activation.h"
#include "nn/net.h"

/* A list of hidden layers as the user writes it: item(,item)*, or none. An item is the name of a kind of layer with
 * its arguments, kind(:argument)*, or a number N of units, which is short for linear:N. */

#define HIDDEN_MAX 64          /* most layers of a list */
#define HIDDEN_MAX_UNITS 65536 /* greatest argument, such as the units of a layer */
#define HIDDEN_NOT_GIVEN \
    (HIDDEN_MAX + 1) /* as the number of a decoder's layers: they are to mirror the encoder's */
enum { HIDDEN_ARGUMENTS = 3, HIDDEN_NAME = 16 };

struct hidden_kind;

struct hidden_layer {
    const struct hidden_kind *kind;
    size_t arguments, argument[HIDDEN_ARGUMENTS];
};

struct hidden {
    size_t layers; /* 0: no hidden layer, so one linear layer leads from input to output */
    struct hidden_layer layer[HIDDEN_MAX + 1]; /* a mirror has one more at first, see hidden_mirror */
};

/* Where a layer of a list goes. */
struct hidden_place {
    struct net *net;
    const char *name;
    size_t in; /* index of the layer before it */
    const struct activation *activation;
    bool normalised; /* the next layer normalises this one's product, and applies the activation */
    bool continues;  /* the next layer reads a sequence */
    /* Of a decoder of sequences: the layer [T] that has the token before each position, and the number of tokens.
     * NO_LAYER: there is none. */
    size_t previous, tokens;
};

/* A kind of hidden layer: an entry of the table in hidden.c. */
struct hidden_kind {
    const char *name;                  /* shorter than HIDDEN_NAME; in model files */
    const char *usage;                 /* what a user types */
    unsigned counts;                   /* bit n: it may have n arguments */
    size_t most[HIDDEN_ARGUMENTS];     /* the greatest value of each; 0: HIDDEN_MAX_UNITS */
    size_t standard[HIDDEN_ARGUMENTS]; /* the value of an argument that is left out; 0: it never is */
    bool keeps_shape;                  /* the output has the shape of the input */
    bool makes_product;                /* a normalization may follow */
    bool normalises;                   /* it reads the product of the layer before it */
    bool reads_pictures;               /* an encoder that begins with it reads items as pictures */
    bool convolves;                    /* a picture of one pixel would be a mistake */
    bool recurrent;                    /* it goes through a sequence, position by position */

    /* Returns the shape of its output for an input of shape `in`. NULL: keeps_shape. */
    struct image (*shape)(const struct hidden_layer *layer, const struct image *in);

    /* Checks that a layer can have the activation, and can follow the layer before it in the list. `before` is NULL
     * if it is the first. `in` is the shape of its input, of height 0 if it depends on the data. 0, or -1 with a
     * message that begins with `name`. NULL: it always can. */
    int (*check)(const struct hidden_layer *layer, const struct hidden_layer *before, const struct image *in,
                 const struct activation *activation, const char *name);

    /* Appends to a decoder's list the layers that lead back from the layer's output to its input, whose shape is
     * `in`. 0, or -1 if the list is full. NULL: there are no such layers, or with keeps_shape it is the layer
     * itself. */
    int (*mirror)(struct hidden *decoder, const struct hidden_layer *layer, const struct image *in);

    /* Adds the layer to a net, and returns its index, see net_add. */
    size_t (*add)(const struct hidden_place *place, const struct hidden_layer *layer);
};

/* Bytes of the longest text of a list: a comma, the name and the arguments of each layer. */
#define HIDDEN_TEXT (HIDDEN_MAX * (HIDDEN_NAME + HIDDEN_ARGUMENTS * 7))

/* Parses a list. 0, or -1 with a message that begins with `name`. */
int hidden_parse(struct hidden *hidden, const char *name, const char *text) __attribute__((warn_unused_result));

/* Checks a list that a user has written, a decoder's of so many latents or, with 0 latents, an encoder's: its
 * layers can have the activation, convolutions have pictures, and no layer is too large for any data. A mirrored
 * list may have a picture of one pixel instead. 0, or -1 with a message that begins with `name`. */
int hidden_check(const struct hidden *hidden, size_t latents, const struct activation *activation, const char *name)
    __attribute__((warn_unused_result));

/* Writes the canonical text of a list to `text`, and returns it. A linear layer is just its number of units, and
 * arguments that have the values of those that are left out are left out. */
const char *hidden_text(const struct hidden *hidden, char text[HIDDEN_TEXT]);

/* Returns whether the list can be written in model files of version 1: linear layers only, and not too many. */
bool hidden_is_plain(const struct hidden *hidden);

/* Returns whether an encoder with these layers reads items as pictures, see struct hidden_kind. */
bool hidden_reads_pictures(const struct hidden *hidden);

/* Checks the places of recurrent layers: in an encoder they read the items or the states of another one; in a
 * decoder one is the last layer, from which the output is computed position by position. 0, or -1 with a message
 * that begins with `name`. */
int hidden_check_recurrent(const struct hidden *hidden, bool decoder, const char *name)
    __attribute__((warn_unused_result));

/* Returns whether a layer of the list goes through a sequence; of a decoder's, it makes one. */
bool hidden_is_recurrent(const struct hidden *hidden);

/* Appends a layer to a list. 0, or -1 if the list has HIDDEN_MAX + 1 layers already. */
int hidden_append(struct hidden *hidden, const struct hidden_layer *layer) __attribute__((warn_unused_result));

/* Returns the layer linear:N or, if the shape is that of a picture, linear:HEIGHT:WIDTH:CHANNELS. */
struct hidden_layer hidden_linear(const struct image *shape);

/* Checks that hidden_mirror can mirror the list: each layer has a mirror, and the first one has another shape than
 * the data. 0, or -1 with a message that begins with `name`. */
int hidden_check_mirror(const struct hidden *encoder, const char *name) __attribute__((warn_unused_result));

/* Sets the decoder's layers to those that lead from the latent back to the encoder's input, whose shape is `item`,
 * without the last one, which computes the decoder's output. 0, or -1 with a message that begins with `name`. */
int hidden_mirror(struct hidden *decoder, const struct hidden *encoder, const struct image *item, const char *name)
    __attribute__((warn_unused_result));

/* Adds the layers to a net, with the names "room.0", "room.1" and so on, where `place` has the room's name and the
 * layer before them. Returns the index of the last one, or place->in if there are none. Errors are reported as by
 * net_add. */
size_t hidden_add(const struct hidden_place *place, const struct hidden *hidden);

#endif
