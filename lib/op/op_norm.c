/* SPDX-License-Identifier: MIT */
/* Group normalization (Wu and He 2018): act(weight (x - mean) / sqrt(variance + 1e-5) + bias). Mean and variance
 * are those of a group of channels of one row, over all positions. It stands between a product and its activation.
 * A row of what is kept is mean and 1 / sqrt(variance + 1e-5) of each group, followed by what the activation keeps.
 */
#include "base/error.h"
#include "base/number.h"
#include "nn/graph.h"
#include "nn/pass.h"
#include "op/hidden.h"
#include "op/ops.h"
#include "layer/outer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 8 /* default */
#define EPSILON 1e-5
#define GROUP_LEAST 3 /* numbers of a group: one becomes 0, and two become +-1, whatever they were */
#define BLOCK 256     /* positions whose numbers are added up as floats, since sums of more lose digits */

enum { WEIGHT, BIAS, SUMS }; /* rows of a partial gradient, [channels] each */
enum { SCRATCH = 8 };        /* floats per channel of struct scratch */

struct options {
    size_t groups;
    const struct activation *activation;
    struct image in; /* set by infer; its channels are the activation's group times those of the output */
};

static const struct options *options_of(const struct layer *layer) {
    return layer->options;
}

static int infer(struct net *net, struct layer *layer) {
    struct options *o = layer->options;
    const struct activation *a = o->activation;
    o->in = net_input(net, layer, 0)->image;
    if (o->in.channels % o->groups != 0)
        return fail("%s: %s normalises %zu channels in %zu groups, wanted a number of groups that divides them",
                    net_name(net), layer->name, o->in.channels, o->groups);
    if (image_size(&o->in) / o->groups < GROUP_LEAST)
        return fail("%s: %s normalises %zu numbers in %zu groups, wanted %d or more in each", net_name(net),
                    layer->name, image_size(&o->in), o->groups, GROUP_LEAST);
    layer->image = o->in;
    layer->image.channels /= a->group;
    layer->width = image_size(&layer->image);
    layer->kept = 2 * o->groups + (a->keeps_slope ? image_size(&o->in) : 0);
    layer->scratch = SCRATCH * o->in.channels;
    layer->ranged = true;
    layer->partial = SUMS * o->in.channels;
    for (size_t j = 0; j < SUMS; j++) {
        const size_t offset =
            net_add_tensor(net, layer->name, TENSOR_PLAIN, j == WEIGHT ? "weight" : "bias", o->in.channels, 0);
        layer->own[j] = (struct unit_parameters){offset, 1, false};
    }
    layer->owns = SUMS;
    layer->own_units = o->in.channels;
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    (void)initializer, (void)seed, (void)number;
    for (size_t i = 0; i < layer->own_units; i++) {
        net->parameters.value[layer->own[WEIGHT].offset + i] = 1;
        net->parameters.value[layer->own[BIAS].offset + i] = 0;
    }
}

static const float *parameter(const struct pass *pass, const struct layer *layer, size_t j) {
    return pass->net->parameters.value + layer->own[j].offset;
}

/* One row: its input, and what forward keeps of it. */
struct row {
    const float *x;                   /* [positions, channels] */
    float *mean, *inverse;            /* [groups] */
    float *slope;                     /* of the activation; NULL: it keeps none */
    float *product;                   /* the normalised numbers, before the activation */
    const float *delta;               /* the gradient before the activation; only in a pass that trains */
    size_t positions, channels, each; /* each: channels of a group */
};

static struct row row_of(const struct pass *pass, const struct layer *layer, size_t number) {
    const struct options *o = options_of(layer);
    const struct value *v = pass_value(pass, layer);
    float *kept = v->kept + number * layer->kept, *slope = kept + 2 * o->groups;
    return (struct row){.x = pass_input(pass, layer, 0)->out + number * image_size(&o->in),
                        .mean = kept,
                        .inverse = kept + o->groups,
                        .slope = o->activation->keeps_slope ? slope : NULL,
                        .product = o->activation->group > 1 ? slope : v->out + number * layer->width,
                        .delta =
                            o->activation->group > 1 || v->dout == NULL ? slope : v->dout + number * layer->width,
                        .positions = image_positions(&o->in),
                        .channels = o->in.channels,
                        .each = o->in.channels / o->groups};
}

/* Memory of a thread; each array has one number per channel. */
struct scratch {
    double *sums, *products;
    float *block, *block_products; /* of some positions */
    float *mean, *factor;
};

static struct scratch scratch_of(const struct pass *pass, const struct row *r) {
    float *floats = pass_scratch(pass);
    double *doubles = (double *)(void *)floats; /* aligned: scratch begins with a cache line */
    floats += 2 * r->channels * sizeof *doubles / sizeof *floats;
    return (struct scratch){.sums = doubles,
                            .products = doubles + r->channels,
                            .block = floats,
                            .block_products = floats + r->channels,
                            .mean = floats + 2 * r->channels,
                            .factor = floats + 3 * r->channels};
}

/* Returns the sum of `sums` [channels] over the channels of one group. */
static double sum_group(const struct row *r, const double *sums, size_t group) {
    double sum = 0;
    for (size_t c = group * r->each; c < (group + 1) * r->each; c++)
        sum += sums[c];
    return sum;
}

/* Adds the sums of a block to those of all positions, and begins the next block. */
static void end_block(const struct row *r, float *block, double *sums) {
    for (size_t c = 0; c < r->channels; c++) {
        sums[c] += (double)block[c];
        block[c] = 0;
    }
}

static void begin_sums(const struct row *r, float *block, double *sums) {
    memset(block, 0, r->channels * sizeof *block);
    memset(sums, 0, r->channels * sizeof *sums);
}

/* sums [channels] = those of x over the positions; squares: of (x - mean)^2. */
static void sum_numbers(const struct row *r, const struct scratch *s, bool squares) {
    const float *mean = s->mean;
    float *block = s->block;
    begin_sums(r, block, s->sums);
    for (size_t p = 0; p < r->positions; p++) {
        const float *x = r->x + p * r->channels;
        for (size_t c = 0; c < r->channels; c++)
            block[c] += squares ? (x[c] - mean[c]) * (x[c] - mean[c]) : x[c];
        if ((p + 1) % BLOCK == 0)
            end_block(r, block, s->sums);
    }
    end_block(r, block, s->sums);
}

/* to [channels] = the number of each channel's group. */
static void per_channel(const struct row *r, const float *of_group, float *to) {
    for (size_t c = 0; c < r->channels; c++)
        to[c] = of_group[c / r->each];
}

/* Sets mean and inverse of a row. */
static void set_moments(const struct row *r, size_t groups, const struct scratch *s) {
    const double n = (double)(r->positions * r->each);
    sum_numbers(r, s, false);
    for (size_t g = 0; g < groups; g++)
        r->mean[g] = (float)(sum_group(r, s->sums, g) / n);
    per_channel(r, r->mean, s->mean);
    sum_numbers(r, s, true);
    for (size_t g = 0; g < groups; g++)
        r->inverse[g] = (float)(1 / sqrt(sum_group(r, s->sums, g) / n + EPSILON));
}

static void forward_row(struct pass *pass, const struct layer *layer, size_t number) {
    const struct options *o = options_of(layer);
    const struct row r = row_of(pass, layer, number);
    const float *weight = parameter(pass, layer, WEIGHT), *bias = parameter(pass, layer, BIAS);
    const struct scratch s = scratch_of(pass, &r);
    const float *mean = s.mean;
    float *factor = s.factor;
    set_moments(&r, o->groups, &s);
    per_channel(&r, r.inverse, factor);
    for (size_t c = 0; c < r.channels; c++)
        factor[c] *= weight[c];
    for (size_t p = 0; p < r.positions; p++)
        for (size_t c = 0; c < r.channels; c++)
            r.product[p * r.channels + c] = (r.x[p * r.channels + c] - mean[c]) * factor[c] + bias[c];
    o->activation->forward(math_kernel(), pass_value(pass, layer)->out + number * layer->width, r.slope,
                           layer->width);
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    for (size_t row = t->row; row < t->row + t->rows; row++)
        forward_row(pass, layer, row);
}

static void backward_activation(struct pass *pass, const struct layer *layer, const struct tile *t) {
    const struct activation *a = options_of(layer)->activation;
    const struct value *v = pass_value(pass, layer);
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const size_t at = row * layer->width + t->unit;
        float *slope = row_of(pass, layer, row).slope;
        a->backward(math_kernel(), v->dout + at, v->out + at, slope == NULL ? NULL : slope + t->unit * a->group,
                    t->units);
    }
}

/* Over the positions: sums [channels] of the gradient d before the activation, products [channels] of
 * d (x - mean). Sets the mean of each channel's group. */
static void sum_gradients(const struct row *r, const struct scratch *s) {
    float *sums = s->block, *products = s->block_products;
    per_channel(r, r->mean, s->mean);
    begin_sums(r, sums, s->sums);
    begin_sums(r, products, s->products);
    for (size_t p = 0; p < r->positions; p++) {
        for (size_t c = 0; c < r->channels; c++) {
            const float number = r->delta[p * r->channels + c];
            sums[c] += number;
            products[c] += number * (r->x[p * r->channels + c] - s->mean[c]);
        }
        if ((p + 1) % BLOCK == 0) {
            end_block(r, sums, s->sums);
            end_block(r, products, s->products);
        }
    }
    end_block(r, sums, s->sums);
    end_block(r, products, s->products);
}

/* d x = inverse (weight d - the mean of weight d over the group - x' times the mean of weight d x'), where x' is
 * normalised x. */
static void backward_row(struct pass *pass, const struct layer *layer, size_t number) {
    const struct options *o = options_of(layer);
    const struct row r = row_of(pass, layer, number);
    const struct scratch s = scratch_of(pass, &r);
    const float *d = r.delta, *weight = parameter(pass, layer, WEIGHT);
    const double n = (double)(r.positions * r.each);
    float *shift = s.block, *slope = s.block_products; /* of each channel; sum_gradients comes first */
    float *dx = pass_input(pass, layer, 0)->dout + number * image_size(&o->in);
    sum_gradients(&r, &s);
    for (size_t c = 0; c < r.channels; c++) {
        s.sums[c] *= (double)weight[c];
        s.products[c] *= (double)weight[c];
        s.factor[c] = weight[c] * r.inverse[c / r.each];
    }
    for (size_t g = 0; g < o->groups; g++) {
        const double inverse = (double)r.inverse[g];
        const float of_sums = (float)(inverse * sum_group(&r, s.sums, g) / n),
                    of_products = (float)(pow(inverse, 3) * sum_group(&r, s.products, g) / n);
        for (size_t c = g * r.each; c < (g + 1) * r.each; c++)
            shift[c] = of_sums, slope[c] = of_products;
    }
    for (size_t p = 0; p < r.positions; p++)
        for (size_t c = 0; c < r.channels; c++) {
            const size_t i = p * r.channels + c;
            const float number_dx = s.factor[c] * d[i] - shift[c] - (r.x[i] - s.mean[c]) * slope[c];
            dx[i] = layer->adds[0] ? dx[i] + number_dx : number_dx;
        }
}

static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    (void)step;
    for (size_t row = t->row; row < t->row + t->rows; row++)
        backward_row(pass, layer, row);
}

/* Adds the gradient of one row to `partial`. */
static void add_gradient(struct pass *pass, const struct layer *layer, size_t number, float *partial) {
    const struct row r = row_of(pass, layer, number);
    const struct scratch s = scratch_of(pass, &r);
    sum_gradients(&r, &s);
    for (size_t c = 0; c < r.channels; c++) {
        partial[WEIGHT * r.channels + c] += (float)s.products[c] * r.inverse[c / r.each];
        partial[BIAS * r.channels + c] += (float)s.sums[c];
    }
}

static void gradient_of_range(struct pass *pass, const struct layer *layer, const struct tile *t,
                              const struct step *step) {
    const size_t range = pass_range_rows(pass, layer);
    (void)step;
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        float *partial = pass_partial(pass, layer, row);
        if (row % range == 0)
            memset(partial, 0, layer->partial * sizeof *partial);
        add_gradient(pass, layer, row, partial);
    }
}

static void gradient(struct pass *pass, const struct layer *layer, const struct tile *t, float scale, float beta,
                     float *const own[]) {
    for (size_t j = 0; j < SUMS; j++)
        outer_mix(own[j], pass_value(pass, layer)->partial + j * layer->own_units + t->unit, 1, t->units, scale,
                  beta);
}

static size_t describe(struct graph *g, const struct layer *layer) {
    const struct options *o = options_of(layer);
    const size_t in = graph_input(g, layer, 0),
                 normal = graph_add_weights(
                     g, layer,
                     (struct node){
                         .kind = NODE_NORM, .inputs = 1, .in = {in}, .groups = o->groups, .epsilon = EPSILON});
    return graph_activation(g, layer, normal, o->activation);
}

const struct op op_norm = {.name = "norm",
                           .backward_inputs = 1,
                           .infer = infer,
                           .initialise = initialise,
                           .forward = forward,
                           .backward = backward,
                           .backward_activation = backward_activation,
                           .gradient_of_range = gradient_of_range,
                           .gradient = gradient,
                           .describe = describe};

size_t net_norm(struct net *net, const char *name, size_t in, size_t groups, const struct activation *activation) {
    const struct options options = {.groups = groups, .activation = activation};
    return net_add(net, &op_norm, name, &options, sizeof options, 1, &in);
}

static size_t groups_of(const struct hidden_layer *layer) {
    return layer->arguments > 0 ? layer->argument[0] : GROUPS;
}

/* Checks that a number of groups divides the channels, and leaves each enough numbers if it is known how many
 * positions they have; 0: it is not. A message names the nearest smaller number of groups that does. */
static int check_numbers(const char *name, size_t channels, size_t positions, size_t groups) {
    const size_t least = positions == 0 ? 1 : divide_up(GROUP_LEAST, positions); /* channels of a group */
    char advice[64] = "";
    size_t fewer = groups;
    while (fewer > 0 && (channels % fewer != 0 || channels / fewer < least))
        fewer--;
    if (fewer == groups)
        return 0;
    if (fewer > 0)
        snprintf(advice, sizeof advice, ", as norm:%zu has", fewer);
    return channels % groups != 0 ? fail("%s: norm normalises %zu channels in %zu groups, wanted a number of "
                                         "groups that divides them%s",
                                         name, channels, groups, advice)
                                  : fail("%s: norm:%zu normalises %zu numbers, wanted %d or more in each group%s",
                                         name, groups, channels * positions, GROUP_LEAST, advice);
}

/* The layer before makes `group` numbers for each of its channels. */
static int check(const struct hidden_layer *layer, const struct hidden_layer *before, const struct image *in,
                 const struct activation *a, const char *name) {
    const struct image pixel = {1, 1, 1};
    return check_numbers(name, before->kind->shape(before, &pixel).channels * a->group, image_positions(in),
                         groups_of(layer));
}

static size_t add_hidden(const struct hidden_place *place, const struct hidden_layer *layer) {
    return net_norm(place->net, place->name, place->in, groups_of(layer), place->activation);
}

const struct hidden_kind hidden_kind_norm = {.name = "norm",
                                             .usage = "norm[:GROUPS]",
                                             .standard = {GROUPS},
                                             .check = check,
                                             .counts = 1 << 0 | 1 << 1,
                                             .keeps_shape = true,
                                             .normalises = true,
                                             .add = add_hidden};
