/* SPDX-License-Identifier: MIT */
/* The likelihood p(x|z). Its term is -log p(x|z). In a pass that trains, `forward` overwrites the decoder's output
 * a with the gradient, and writes the gradient with respect to each element's log scale to `saved`, if the scale is
 * learned. `packed` holds log_scale [elements] and inverse_scale [elements] if a likelihood has a scale. */
#include "base/error.h"
#include "dist/missing.h"
#include "kernel/math_kernel.h"
#include "model/layers.h"
#include "model/objective.h"
#include "nn/graph.h"
#include "nn/plan.h"

#include <stdlib.h>

#define NEXT_SEGMENT 0x9e3779b97f4a7c15 /* difference between the noise seeds of one segment and the next */

enum { NEGATIVE_LOG, DEVIATIONS }; /* the terms; DEVIATIONS only with SCALE_OPTIMAL */

/* A segment, with the offset of its first output in a row of a, and of its first scale among the parameters. */
struct place {
    struct segment segment;
    size_t output, scale;
};

struct options {
    bool may_miss;
    size_t elements, outputs, scales; /* of all segments */
    struct deviations last;
    size_t segments;
    struct place place[];
};

/* Returns the only segment. With SCALE_OPTIMAL there is exactly one, see infer. */
static const struct segment *only(const struct layer *layer) {
    const struct options *o = layer->options;
    return &o->place[0].segment;
}

/* Copies the segments and sets their offsets, one segment after the other. */
static void lay_out(struct options *o, const struct segment *segment) {
    for (size_t i = 0; i < o->segments; i++) {
        o->place[i] = (struct place){segment[i], o->outputs, o->scales};
        o->elements += segment[i].elements;
        o->outputs += segment[i].elements * segment[i].outputs;
        o->scales += segment_scales(&segment[i]);
    }
}

/* Returns whether is_so() is true for any segment. */
static bool any(const struct options *o, bool (*is_so)(const struct segment *segment)) {
    for (size_t i = 0; i < o->segments; i++)
        if (is_so(&o->place[i].segment))
            return true;
    return false;
}

/* With a single segment the likelihood is divided into the same tiles as the decoder's output. */
static void divide_as_input(const struct net *net, struct layer *layer) {
    const struct options *o = layer->options;
    const struct layer *a = net_input(net, layer, 0);
    layer->units = o->elements;
    layer->chained = o->segments == 1 && a->units == o->elements;
    if (layer->chained) {
        layer->group = a->group;
        layer->weights = a->weights;
    }
}

static int infer(struct net *net, struct layer *layer) {
    const struct options *o = layer->options;
    const bool best = any(o, segment_has_best_scale);
    if (best && o->segments > 1)
        return fail("%s: a scale that is the best one for each batch, wanted one likelihood for all elements",
                    net_name(net));
    divide_as_input(net, layer);
    layer->terms = best ? 2 : 1;
    layer->saved = any(o, segment_learns_scale) ? o->elements : 0;
    layer->packed_size[DIRECTION_FORWARD] = any(o, segment_has_scale) ? 2 * o->elements : 0;
    if (o->scales == 0)
        return 0;
    const size_t scale = net_add_tensor(net, layer->name, TENSOR_PLAIN, "log_scale", o->scales, 0);
    layer->own[0] = (struct unit_parameters){scale, 1, false};
    layer->own_units = o->scales;
    layer->owns = best ? 0 : 1;
    layer->own_whole = true;
    return 0;
}

static void initialise(const struct net *net, const struct layer *layer, const struct initializer *initializer,
                       uint64_t seed, uint64_t number) {
    const struct options *o = layer->options;
    (void)initializer, (void)seed, (void)number;
    for (size_t i = 0; i < o->segments; i++) {
        const struct place *p = &o->place[i];
        for (size_t j = 0; j < segment_scales(&p->segment); j++)
            net->parameters.value[layer->own[0].offset + p->scale + j] = segment_initial_log_scale(&p->segment);
    }
}

/* Both return arrays [elements]. */
static float *log_scale(const struct layer *layer) {
    return layer->packed[DIRECTION_FORWARD];
}

static float *inverse_scale(const struct layer *layer) {
    const struct options *o = layer->options;
    return log_scale(layer) + o->elements;
}

static void pack(const struct net *net, const struct layer *layer, size_t j, size_t unit, size_t units) {
    const struct options *o = layer->options;
    (void)j, (void)unit, (void)units; /* one task packs all units, since own_whole is set */
    for (size_t i = 0; i < o->segments; i++) {
        const struct place *p = &o->place[i];
        const size_t first = p->segment.first;
        if (segment_has_scale(&p->segment))
            segment_set_scale(&p->segment, net->parameters.value + layer->own[0].offset + p->scale,
                              log_scale(layer) + first, inverse_scale(layer) + first);
    }
}

/* The elements of a segment that are among the elements [first, first + n) of a row: their distributions, and the
 * index of the first one in an item's x and in a row of a. d.n is 0 if there are none. */
struct stretch {
    struct distributions d;
    size_t element, output;
};

static struct stretch stretch_of(const struct pass *pass, const struct layer *layer, const struct place *p,
                                 size_t row, size_t first, size_t n) {
    const struct segment *s = &p->segment;
    const size_t width = net_input(pass->net, layer, 0)->width, end = s->first + s->elements;
    const size_t from = first > s->first ? first : s->first, to = first + n < end ? first + n : end;
    const bool scale = segment_has_scale(s);
    if (from >= to)
        return (struct stretch){.element = 0};
    const size_t output = p->output + (from - s->first) * s->outputs;
    return (struct stretch){{.segment = s,
                             .a = pass_input(pass, layer, 0)->out + row * width + output,
                             .log_scale = scale ? log_scale(layer) + from : NULL,
                             .inverse_scale = scale ? inverse_scale(layer) + from : NULL,
                             .n = to - from},
                            from,
                            output};
}

void likelihood_mean_of(const struct pass *pass, size_t likelihood, size_t row, float *x) {
    const struct layer *layer = &pass->net->layer[likelihood];
    const struct options *o = layer->options;
    for (size_t i = 0; i < o->segments; i++) {
        const struct stretch s = stretch_of(pass, layer, &o->place[i], row, 0, o->elements);
        likelihood_mean(&s.d, x + s.element);
    }
}

void likelihood_draw_of(const struct pass *pass, size_t likelihood, size_t row, float *x, struct noise noise) {
    const struct layer *layer = &pass->net->layer[likelihood];
    const struct options *o = layer->options;
    for (size_t i = 0; i < o->segments; i++) {
        const struct stretch s = stretch_of(pass, layer, &o->place[i], row, 0, o->elements);
        likelihood_draw(&s.d, x + s.element, noise);
        noise.seed += NEXT_SEGMENT;
    }
}

void likelihood_choose(const struct pass *pass, size_t likelihood, size_t row, size_t element, float *x,
                       const struct noise *noise) {
    const struct layer *layer = &pass->net->layer[likelihood];
    const struct options *o = layer->options;
    const struct stretch s = stretch_of(pass, layer, &o->place[0], row, element, 1);
    if (noise == NULL) {
        likelihood_mean(&s.d, x + element);
        return;
    }
    struct noise own = *noise;
    own.position += element;
    likelihood_draw(&s.d, x + element, own);
}

static const float *item_of(const struct pass *pass, const struct layer *layer, size_t row) {
    const struct options *o = layer->options;
    return pass_input(pass, layer, 1)->out + row / pass_rows_per_item(pass, layer) * o->elements;
}

/* Returns -log p of the elements [first, first + n) of a row, and writes the gradients if the pass trains. */
static double negative_log(const struct pass *pass, const struct layer *layer, size_t row, size_t first, size_t n) {
    const struct options *o = layer->options;
    const size_t width = net_input(pass->net, layer, 0)->width;
    float *da = pass_input(pass, layer, 0)->dout,
          *saved = layer->saved == 0 ? NULL : pass_value(pass, layer)->saved;
    double sum = 0;
    for (size_t i = 0; i < o->segments; i++) {
        const struct stretch s = stretch_of(pass, layer, &o->place[i], row, first, n);
        if (s.d.n > 0)
            sum += (o->may_miss ? observed_negative_log : likelihood_negative_log)(
                &s.d, item_of(pass, layer, row) + s.element, da == NULL ? NULL : da + row * width + s.output,
                saved == NULL ? NULL : saved + row * o->elements + s.element);
    }
    return sum;
}

static void forward(struct pass *pass, const struct layer *layer, const struct tile *t) {
    double *sum = pass_term(pass, layer, NEGATIVE_LOG, t->part);
    for (size_t row = t->row; row < t->row + t->rows; row++)
        sum[row] = negative_log(pass, layer, row, t->unit, t->units);
}

/* Multiplies the gradients of each draw by its weight. */
static void backward(struct pass *pass, const struct layer *layer, const struct tile *t, const struct step *step) {
    const struct options *o = layer->options;
    const size_t width = net_input(pass->net, layer, 0)->width;
    (void)step;
    for (size_t row = t->row; pass->draws > 1 && row < t->row + t->rows; row++) {
        math_kernel()->scale(pass_input(pass, layer, 0)->dout + row * width, pass->weight[row], width);
        if (layer->saved > 0)
            math_kernel()->scale(pass_value(pass, layer)->saved + row * o->elements, pass->weight[row],
                                 o->elements);
    }
}

/* Adds up the gradients of all rows in the first row of `saved`. */
static void gradient(struct pass *pass, const struct layer *layer, const struct tile *t, float scale, float beta,
                     float *const own[]) {
    const struct options *o = layer->options;
    float *sums = pass_value(pass, layer)->saved;
    math_kernel()->column_sums(sums, sums + o->elements, t->rows - 1, o->elements, o->elements, 1);
    for (size_t i = 0; i < layer->own_units; i++)
        own[0][i] = beta == 0 ? 0 : beta * own[0][i];
    for (size_t i = 0; i < o->segments; i++) {
        const struct place *p = &o->place[i];
        segment_scale_gradient(&p->segment, pass->net->parameters.value + layer->own[0].offset + p->scale,
                               sums + p->segment.first, scale, own[0] + p->scale);
    }
}

static void deviations(struct pass *pass, const struct layer *layer, const struct tile *t,
                       const struct step *step) {
    const struct options *o = layer->options;
    double *sum = pass_term(pass, layer, DEVIATIONS, t->part);
    (void)step;
    for (size_t row = t->row; row < t->row + t->rows; row++) {
        const struct stretch s = stretch_of(pass, layer, &o->place[0], row, t->unit, t->units);
        const float *x = item_of(pass, layer, row) + s.element;
        sum[row] =
            o->may_miss ? observed_deviations(&s.d, x) : only(layer)->likelihood->deviations(s.d.a, x, s.d.n);
    }
}

struct deviations likelihood_deviations(const struct pass *pass, size_t likelihood) {
    const struct options *o = pass->net->layer[likelihood].options;
    return o->last;
}

/* Returns the number of observed elements of the step's items. */
static size_t observed(const struct pass *pass, const struct layer *layer, size_t items) {
    const struct options *o = layer->options;
    const size_t all = items * o->elements;
    return o->may_miss ? observed_count(pass_input(pass, layer, 1)->out, all) : all;
}

/* Sets the scale that maximises log p(x|z) of the batch. Only the first task does it. If no element is observed,
 * the scale does not change. */
static void set_best_scale(struct pass *pass, const struct layer *layer, const struct tile *tile,
                           const struct step *step) {
    struct options *o = layer->options;
    if (tile->row > 0)
        return;
    o->last = (struct deviations){.count = (double)pass->draws * (double)observed(pass, layer, step->items)};
    for (size_t part = 0; part < pass_value(pass, layer)->parts; part++)
        for (size_t row = 0; row < step->items * pass->draws; row++)
            o->last.sum += pass_term(pass, layer, DEVIATIONS, part)[row];
    if (o->last.count > 0)
        segment_set_best_scale(only(layer), o->last.sum, o->last.count, log_scale(layer), inverse_scale(layer));
}

/* With SCALE_OPTIMAL the scale depends on the decoder's output for the whole batch. The tasks that compute this
 * output then compute the deviations, too, and the likelihood waits for the scale. */
static int plan(struct plan *plan, struct pass *pass, const struct layer *layer, enum direction direction) {
    struct operation likelihood = plan_layer(pass, layer, direction), sums = likelihood, best = likelihood;
    if (direction == DIRECTION_BACKWARD)
        likelihood.weights = 0;
    if (direction == DIRECTION_BACKWARD || !segment_has_best_scale(only(layer)))
        return plan_add(plan, likelihood);
    sums.run = deviations;
    best.run = set_best_scale;
    best.weights = 0;
    best.chained = likelihood.chained = false;
    best.waits = likelihood.waits = true;
    return plan_add(plan, sums) < 0 || plan_add(plan, best) < 0 ? -1 : plan_add(plan, likelihood);
}

/* Appends the inverse scale of each element. */
static size_t describe_scale(struct graph *g, const struct layer *layer, size_t a, struct image image) {
    if (only(layer)->scale != SCALE_NET)
        return graph_add(g, layer,
                         (struct node){.kind = NODE_CONSTANT, .image = image, .weight = inverse_scale(layer)});
    const size_t scale = graph_add(
        g, layer, (struct node){.kind = NODE_PICK, .inputs = 1, .in = {a}, .image = image, .first = 1, .step = 2});
    const size_t bounded = graph_add(
        g, layer, (struct node){.kind = NODE_CLAMP, .inputs = 1, .in = {scale}, .bound = (double)LOG_SCALE_BOUND});
    return graph_add(
        g, layer,
        (struct node){.kind = NODE_FUNCTION, .inputs = 1, .in = {bounded}, .function = FUNCTION_INVERSE_SCALE});
}

/* The mean of p(x|z). */
static size_t describe(struct graph *g, const struct layer *layer) {
    const struct segment *segment = only(layer);
    const struct likelihood *l = segment->likelihood;
    const size_t a = graph_input(g, layer, 0);
    if (g->failed)
        return 0;
    struct image image = g->node[a].image;
    image.channels /= segment->outputs;
    if (l->outputs != NULL)
        return graph_add(
            g, layer,
            (struct node){.kind = NODE_MOST, .inputs = 1, .in = {a}, .image = image, .levels = segment->levels});
    size_t location = a;
    if (segment->outputs > 1)
        location = graph_add(g, layer,
                             (struct node){.kind = NODE_PICK, .inputs = 1, .in = {a}, .image = image, .step = 2});
    if (l->mean_of == FUNCTION_NONE)
        return location;
    struct node mean = {.kind = NODE_FUNCTION, .inputs = 1, .in = {location}, .function = l->mean_of};
    if (l->mean_of == FUNCTION_LOGISTIC_MEAN)
        mean.in[mean.inputs++] = describe_scale(g, layer, a, image);
    return graph_add(g, layer, mean);
}

static const struct op op_likelihood = {.name = "likelihood",
                                        .backward_inputs = 1,
                                        .replaces = true,
                                        .infer = infer,
                                        .initialise = initialise,
                                        .forward = forward,
                                        .backward = backward,
                                        .gradient = gradient,
                                        .pack = pack,
                                        .plan = plan,
                                        .describe = describe};

size_t net_likelihood(struct net *net, size_t a, size_t x, const struct segment *segment, size_t segments,
                      bool may_miss) {
    const size_t in[] = {a, x}, size = sizeof(struct options) + segments * sizeof(struct place);
    struct options *options = calloc(1, size);
    if (options == NULL) {
        net->failed = true;
        (void)fail("%s: out of memory for its likelihood", net_name(net));
        return 0;
    }
    options->may_miss = may_miss;
    options->segments = segments;
    lay_out(options, segment);
    const size_t layer = net_add(net, &op_likelihood, "likelihood", options, size, 2, in);
    free(options);
    return layer;
}

double likelihood_of_draw(const struct pass *pass, size_t likelihood, size_t row) {
    return pass_term_sum(pass, &pass->net->layer[likelihood], NEGATIVE_LOG, row);
}

void likelihood_of_elements(const struct pass *pass, size_t likelihood, size_t row, double *each) {
    const struct layer *layer = &pass->net->layer[likelihood];
    const struct options *o = layer->options;
    for (size_t i = 0; i < o->elements; i++)
        each[i] = negative_log(pass, layer, row, i, 1);
}

double likelihood_of_item(const struct pass *pass, size_t likelihood, size_t item) {
    double sum = 0;
    for (size_t row = item * pass->draws; row < (item + 1) * pass->draws; row++)
        sum += likelihood_of_draw(pass, likelihood, row);
    return sum / (double)pass->draws;
}
