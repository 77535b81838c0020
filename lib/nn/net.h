/* SPDX-License-Identifier: MIT */
#ifndef NN_NET_H
#define NN_NET_H

#include "layer/direction.h"
#include "layer/image.h"
#include "nn/activation.h"
#include "nn/initializer.h"
#include "nn/parameters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A net is a list of layers. A layer reads the outputs of earlier layers only, so the list's order is the order of
 * the forward pass, and its reverse that of the backward pass. Each layer is an entry of a table, its op. Nothing
 * outside an op's own file asks which op a layer has. */

struct graph;
struct net;
struct pass;
struct plan;
struct step; /* the arguments of a training step, see model/objective.h: handed on to operations */

#define NO_LAYER SIZE_MAX /* in place of an index */

enum { LAYER_INPUTS = 2, LAYER_PARAMETERS = 4, LAYER_NAME = 40 };

/* How many rows a layer's output has: one per item, or one for each of an item's draws of z, in consecutive rows.
 * If one of a layer's inputs has one row per draw, so has the layer. */
enum rows { PER_ITEM, PER_DRAW };

/* The piece of an operation's work that is one task: whole rows, or some units of them. What its units are depends
 * on the function: units [0, layer->units) in forward, columns of in[0] in backward, columns of the output in
 * backward_activation, and units [0, layer->own_units) in gradient. */
struct tile {
    size_t row, rows; /* of the layer's own rows */
    size_t unit, units;
    size_t part; /* the tile's number among those of the same rows */
};

/* Parameters that belong to a layer's units: those of unit u are the numbers [offset + u * each, offset + (u + 1) *
 * each) of the table of parameters. */
struct unit_parameters {
    size_t offset, each;
    bool decays; /* weight decay applies; not read with Muon, where it applies to each TENSOR_MATRIX instead */
};

struct layer {
    const struct op *op;
    void *options;           /* the op's own; owned */
    char name[LAYER_NAME];   /* such as "encoder.0": the prefix of its tensors' names, and its name in messages */
    size_t number;           /* its index in the net */
    size_t in[LAYER_INPUTS]; /* indices of earlier layers */
    size_t inputs;
    enum rows rows; /* set by net_add, before infer */
    /* Set by op->infer: the width always, the others if they are not 0. */
    size_t width;       /* numbers of a row of the output */
    struct image image; /* the same as a picture; height 0 stands for a vector */
    size_t units;       /* of the output; a tile has whole units; 0 stands for `width` */
    size_t group;       /* numbers that the op computes for each unit before its activation; 0 stands for 1 */
    /* How many weights a forward pass reads. With many, forward and backward get tiles of some units; with 0 each
     * of their tiles is whole rows. */
    size_t weights;
    size_t multiply_adds;           /* of the products of a forward pass, per row */
    bool chained;                   /* a tile depends only on the same tile of in[0], which is divided alike */
    size_t kept;                    /* floats per row that the op keeps beside the output */
    size_t saved;                   /* the same, but only in a pass that trains */
    size_t scratch;                 /* floats that a tile needs while it is computed, see pass_scratch */
    bool ranged;                    /* in a plan each tile is one range of rows, see pass_range_rows */
    size_t range_rows;              /* of a ranged layer: a range has so many rows, if there are enough */
    size_t partial;                 /* of a ranged layer: floats of the gradient that it computes for each range */
    size_t terms;                   /* doubles per row and part, nats: see struct value in nn/pass.h */
    size_t packed_size[DIRECTIONS]; /* floats of `packed` */
    /* The parameters that `gradient` computes a gradient for: own[0] to own[owns - 1], numbers of own_units units
     * each. An entry after these is a tensor of the layer that is set by another function. The update changes no
     * other tensor, except a prior's pseudo-inputs. */
    struct unit_parameters own[LAYER_PARAMETERS];
    size_t owns, own_units;
    bool own_whole; /* the gradient of all units is one task */
    /* Set by net_add and net_finish. */
    bool packs;          /* a layer that reads the output reads it in panels */
    bool replaced;       /* its reader overwrites the output with the gradient */
    bool differentiable; /* the gradient with respect to its output is wanted */
    /* In another pass its output is learned, as pseudo-inputs are. Set before net_finish by the function that
     * builds the net. */
    bool learned;
    bool adds[LAYER_INPUTS];      /* backward adds to d(in[i]), which is written already; else it overwrites it */
    bool completes[LAYER_INPUTS]; /* nothing is added to d(in[i]) after this */
    /* What the op derives from its parameters, such as the panels that products read (kernel/product.h). Memory of
     * the net; NULL: there is none, or it is not wanted. */
    float *packed[DIRECTIONS];
};

/* A kind of layer. R is the number of a tile's rows, W a width. forward, backward, backward_activation, gradient
 * and pack may run on several threads at the same time, for tiles or units that do not overlap. Values and
 * gradients of a pass are reached by pass_value and pass_input (nn/pass.h). `infer` is required, and so is
 * `backward` if backward_inputs is not 0. */
struct op {
    const char *name;
    bool draws;             /* its output has one row per draw, whatever its inputs have */
    size_t backward_inputs; /* backward computes the gradients with respect to the first so many inputs, if the
                             * layer has so many; if there is more than one, `weights` is 0 */
    bool in_place;          /* the output is the input's memory, and so is its gradient; forward changes it there */
    bool replaces;          /* in a pass that trains, forward overwrites in[0] with d(in[0]) */
    bool recurrent;         /* gradients of its parameters read what is packed for the backward pass */
    bool reads_panels;      /* `gradient` reads in[0] in panels, if the backend has them */

    /* The inputs' sizes -> the fields of `layer` above; adds its tensors to the net's parameters. 0, or -1 with a
     * message. */
    int (*infer)(struct net *net, struct layer *layer);

    /* Sets the initial values of its parameters. `number` differs for each layer of a net, so that their noise
     * differs. NULL: they are 0, or set by others. */
    void (*initialise)(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number);

    /* in[i] [R, W of in[i]] -> a tile of the output [R, W], and of what the op keeps. NULL: the caller fills the
     * output, or other operations do. */
    void (*forward)(struct pass *pass, const struct layer *layer, const struct tile *tile);

    /* The same for one position of a sequence, in whole rows; the output has those before it already. NULL: the op
     * reads no sequence. */
    void (*forward_position)(struct pass *pass, const struct layer *layer, const struct tile *tile,
                             size_t position);

    /* The gradient with respect to the output, which has been through backward_activation -> a tile of d(in[0]),
     * then whole rows of d(in[1]) and so on. If layer->adds[i], it is added to d(in[i]), else it overwrites it.
     * With several inputs, d(in[i]) is NULL if it is not wanted. */
    void (*backward)(struct pass *pass, const struct layer *layer, const struct tile *tile,
                     const struct step *step);

    /* Called for each tile of the output's gradient as soon as it is complete: goes back through the activation.
     * The tiles are those of the layer that reads the output, so they may be some columns even if `weights` is 0.
     * NULL: there is no activation. */
    void (*backward_activation)(struct pass *pass, const struct layer *layer, const struct tile *tile);

    /* For ranged layers, called before `backward`: in[0] [R, W of in[0]], the output's gradient, which has been
     * through backward_activation -> pass_partial of each range of the tile's rows. NULL: `gradient` computes all.
     */
    void (*gradient_of_range)(struct pass *pass, const struct layer *layer, const struct tile *tile,
                              const struct step *step);

    /* in[0] and the output's gradient as above; of a ranged layer instead the sum of the partial gradients, see
     * pass_sum -> own[j] = beta own[j] + scale times the gradient of the tile's units, all rows of the tile added
     * up. own[j] has the numbers of these units only. With beta 0 they are not read. NULL: no parameter of the
     * layer is learned by gradient. */
    void (*gradient)(struct pass *pass, const struct layer *layer, const struct tile *tile, float scale, float beta,
                     float *const own[]);

    /* Parameters own[j] of the units [unit, unit + units) -> their place in `packed`. Called after each change of
     * own[j], while others may change. A layer without parameters of its own is packed with j = 0. NULL: nothing is
     * packed. */
    void (*pack)(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units);

    /* Adds the layer's operations to the plan, see plan_layers in nn/plan.h. NULL: one operation in each direction
     * is enough. */
    int (*plan)(struct plan *plan, struct pass *pass, const struct layer *layer, enum direction direction);

    /* Appends the nodes that compute the layer's output, without draws, and returns the last one; see nn/graph.h.
     * NULL: for a layer that no program computes, such as those of training. */
    size_t (*describe)(struct graph *graph, const struct layer *layer);

    /* Frees what `options` owns. NULL: nothing. */
    void (*end)(struct layer *layer);
};

struct net {
    const char *name; /* begins messages until net_finish, such as a file's; not owned; NULL stands for "model" */
    struct layer *layer;
    size_t layers;
    struct parameters parameters;
    float *packed[DIRECTIONS]; /* memory of all layers' `packed` */
    bool failed;               /* since the first error; a builder of a net checks it once, with net_finish */
};

/* Returns the name that a message about the net begins with. */
static inline const char *net_name(const struct net *net) {
    return net->name == NULL ? "model" : net->name;
}

/* Adds a layer of `op` and returns its index. `options`, `size` bytes, are copied; NULL: none. On an error, such as
 * a name of LAYER_NAME bytes or more, the net has failed, and 0 is returned. */
size_t net_add(struct net *net, const struct op *op, const char *name, const void *options, size_t size,
               size_t inputs, const size_t *in);

/* Removes the newest layer, which has no tensors. */
void net_remove_last(struct net *net);

/* Adds a tensor to the net's parameters and returns its offset, see parameters_add. Its name is the layer's, a dot
 * and `what`, and no other tensor's. columns 0: a vector. */
size_t net_add_tensor(struct net *net, const char *layer, enum tensor_kind kind, const char *what, size_t rows,
                      size_t columns);

/* The same for a tensor of any shape. */
size_t net_add_shape(struct net *net, const char *layer, enum tensor_kind kind, const char *what,
                     const struct shape *shape);

/* Returns whether a picture of this shape has at most NET_MAX_ROW numbers, as each row must. */
bool net_image_fits(const struct image *image);

/* The same, with a message about the layer if it has more. 0 or -1. */
int net_check_image(const struct net *net, const char *layer, const struct image *image)
    __attribute__((warn_unused_result));
#define NET_MAX_ROW ((size_t)1 << 24)

/* Ends the list. 0, or -1 with the message of the first error. */
int net_finish(struct net *net) __attribute__((warn_unused_result));

/* Allocates what the forward pass needs in addition to the parameters, which must be allocated. 0 or -1. */
int net_allocate(struct net *net) __attribute__((warn_unused_result));

/* Allocates the arrays that only training needs: those of parameters_train, and what backward passes read. 0 or -1.
 */
int net_train(struct net *net) __attribute__((warn_unused_result));

/* Calls each op's `pack`. To be called before the first pass and after each change of the parameters. */
void net_pack(const struct net *net);

/* The same for one layer, for tools that use no other. */
void net_pack_layer(const struct net *net, size_t layer);

/* Sets the parameters' initial values. */
void net_initialise(const struct net *net, const struct initializer *initializer, uint64_t seed);

/* Input number i of a layer. */
static inline const struct layer *net_input(const struct net *net, const struct layer *layer, size_t i) {
    return &net->layer[layer->in[i]];
}

/* Returns the numbers of the layer's own tensors. */
size_t net_layer_numbers(const struct layer *layer);

/* Returns the layer that a tensor belongs to, or NULL: a prior's pseudo-inputs and components belong to none. */
const struct layer *net_tensor_layer(const struct net *net, const struct tensor *tensor);

/* Returns of how many inputs, from the first one on, the layer's backward computes the gradient. */
static inline size_t net_backward_inputs(const struct layer *layer) {
    return layer->inputs < layer->op->backward_inputs ? layer->inputs : layer->op->backward_inputs;
}

void net_free(struct net *net);

#endif
