#include "vae/update.h"

#include "base/error.h"
#include "base/memory.h"
#include "vae/plan.h"

#include <math.h>
#include <stdlib.h>

#define PSEUDO_SLICES 16 /* of the prior's pseudo-inputs, at most */

/* Numbers of the table of parameters that are updated together. */
struct range {
    size_t offset, size;
    bool decays; /* with --weight-decay */
};

struct slice {
    const struct linear *layer; /* NULL: what is no layer's, behind these */
    size_t index, first, units;
    struct range range[2]; /* weights and biases; or the likelihood's scale or pseudo-inputs, and none */
    double squares;        /* of its gradient */
};

/* Of two slices the one that lies further to the front of its layer; of two in the same place the larger. */
static int by_place(const void *a, const void *b) {
    const struct slice *s = a, *t = b;
    const size_t left = (2 * s->first + s->units) * t->layer->out,
                 right = (2 * t->first + t->units) * s->layer->out;
    if (left != right)
        return left < right ? -1 : 1;
    const size_t size = s->units * s->layer->in, other = t->units * t->layer->in;
    return size != other ? (size > other ? -1 : 1) : (s->index < t->index ? -1 : 1);
}

static struct slice cut_slice(const struct linear *layer, size_t index, size_t first) {
    const size_t most = plan_layer_units(layer), left = layer->out - first, units = left < most ? left : most;
    return (struct slice){
        layer,
        index,
        first,
        units,
        {{layer->weight + first * layer->in, units * layer->in, true}, {layer->bias + first, units, false}}};
}

/* In an order that gives a thread the units whose outputs it makes, too: see workers_run. */
static int cut_slices(struct update *u) {
    const struct model *m = u->model;
    size_t most = 1 + PSEUDO_SLICES;
    for (size_t i = 0; i < m->layers; i++)
        most += plan_layer_parts(&m->layer[i]);
    u->slice = calloc(most, sizeof *u->slice);
    if (u->slice == NULL)
        return fail("training: out of memory");
    for (size_t i = 0; i < m->layers; i++)
        for (size_t first = 0; first < m->layer[i].out; first += u->slice[u->slices++].units)
            u->slice[u->slices] = cut_slice(&m->layer[i], i, first);
    qsort(u->slice, u->slices, sizeof *u->slice, by_place);
    if (u->pass->dscale != NULL)
        u->slice[u->slices++] = (struct slice){.range = {{m->scale, m->scales, false}}};
    const size_t all = m->config.components * m->inputs, each = (all + PSEUDO_SLICES - 1) / PSEUDO_SLICES;
    for (size_t first = 0; first < all; first += each)
        u->slice[u->slices++] =
            (struct slice){.range = {{m->pseudo_inputs + first, all - first < each ? all - first : each, false}}};
    return 0;
}

/* Multiplications of Muon's step, about. */
static double cost(const struct tensor *t) {
    const double rows = (double)t->rows, columns = t->kind == TENSOR_MATRIX ? (double)t->columns : 0;
    return rows < columns ? rows * rows * columns : columns * columns * rows;
}

/* The costly ones at both ends and the cheap ones in the middle: threads begin at the ends. */
static int order_tensors(struct update *u) {
    const struct parameters *p = &u->model->parameters;
    size_t sorted[PARAMETERS_MAX];
    u->scratch = calloc(p->count, sizeof *u->scratch);
    u->matrix_order = calloc(p->count, sizeof *u->matrix_order);
    if (u->scratch == NULL || u->matrix_order == NULL)
        return fail("training: out of memory");
    for (size_t i = 0; i < p->count; i++) {
        size_t j = i;
        for (; j > 0 && cost(&p->tensor[sorted[j - 1]]) < cost(&p->tensor[i]); j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = i;
    }
    for (size_t i = 0; i < p->count; i++)
        u->matrix_order[i % 2 == 0 ? i / 2 : p->count - 1 - i / 2] = sorted[i];
    for (size_t i = 0; i < p->count; i++)
        if (p->tensor[i].kind == TENSOR_MATRIX &&
            (u->scratch[i] = memory_allocate(muon_scratch(&p->tensor[i]) * sizeof **u->scratch)) == NULL)
            return fail("training: out of memory for the update of %s", p->tensor[i].name);
    return 0;
}

int update_start(struct update *u) {
    if (u->config->ema > 0 && parameters_average(&u->model->parameters) < 0)
        return -1;
    if (u->config->optimizer.optimizer->orthogonal && order_tensors(u) < 0)
        return -1;
    return cut_slices(u);
}

void update_end(struct update *u) {
    for (size_t i = 0; u->scratch != NULL && i < u->model->parameters.count; i++)
        free(u->scratch[i]);
    free(u->scratch);
    free(u->matrix_order);
    free(u->slice);
}

static void average(const struct update *u, size_t offset, size_t size) {
    const struct parameters *p = &u->model->parameters;
    if (p->average != NULL)
        math_kernel()->average(p->average + offset, p->value + offset, u->share, size);
}

static void gradient(const struct update *u, const struct slice *s) {
    const struct model *m = u->model;
    if (s->layer == NULL) {
        /* The pseudo-inputs' gradient is there. */
        if (u->pass->dscale != NULL && s->range[0].offset == m->scale)
            pass_scale_gradient(u->pass, u->rows, 1.0f / (float)u->rows, m->parameters.gradient);
        return;
    }
    if (u->pseudo != NULL && s->index <= m->heads)
        linear_gradient(s->layer, u->pseudo->delta[s->index], pass_input(u->pseudo, s->index), m->config.components,
                        s->first, s->units, 1.0f / (float)u->rows, m->parameters.gradient);
    linear_gradient(s->layer, u->pass->delta[s->index], pass_input(u->pass, s->index),
                    u->rows * pass_draws(u->pass, s->index), s->first, s->units, 1.0f / (float)u->rows,
                    m->parameters.gradient);
}

static void adam(struct update *u, size_t offset, size_t size, float keep) {
    adam_update(&u->adam, keep, &u->model->parameters, offset, size);
    average(u, offset, size);
}

static void adam_slice(void *context, size_t i) {
    struct update *u = context;
    for (const struct range *r = u->slice[i].range; r < u->slice[i].range + 2; r++)
        adam(u, r->offset, r->size, r->decays ? u->keep : 1);
}

/* Gradient and update of the same units in one task: what the product wrote is still in the cache. */
static void both_of_slice(void *context, size_t i) {
    struct update *u = context;
    gradient(u, &u->slice[i]);
    adam_slice(u, i);
}

static void gradient_of_slice(void *context, size_t i) {
    struct update *u = context;
    struct slice *s = &u->slice[i];
    gradient(u, s);
    s->squares = 0;
    for (const struct range *r = s->range; u->config->optimizer.clip > 0 && r < s->range + 2; r++)
        s->squares += math_kernel()->squares(u->model->parameters.gradient + r->offset, r->size);
}

static void muon_tensor(void *context, size_t i) {
    struct update *u = context;
    struct parameters *p = &u->model->parameters;
    const size_t number = u->matrix_order[i];
    const struct tensor *t = &p->tensor[number];
    if (t->kind == TENSOR_PLAIN) {
        adam(u, t->offset, t->size, 1);
    } else if (t->kind == TENSOR_MATRIX) {
        muon_update(u->rate, u->scale, u->keep, p, t, u->scratch[number]);
        average(u, t->offset, t->size);
    }
}

/* What the gradient is to be multiplied by to have the norm allowed. */
static double clipping(const struct update *u) {
    double squares = 0;
    for (size_t i = 0; i < u->slices; i++)
        squares += u->slice[i].squares;
    const double clip = u->config->optimizer.clip, norm = sqrt(squares);
    return clip > 0 && norm > clip ? clip / norm : 1;
}

/* Of a young average the last weights make up more, so that the first ones are soon forgotten. */
static float average_share(double ema, uint64_t step) {
    const double young = (double)step / ((double)step + 10);
    return (float)(1 - (ema < young ? ema : young));
}

void update_run(struct update *u, struct workers *workers, size_t rows, double rate, uint64_t step) {
    const struct optimizer_config *o = &u->config->optimizer;
    const bool orthogonal = o->optimizer->orthogonal;
    u->rows = rows;
    u->rate = rate;
    u->scale = 1;
    u->keep = (float)(1 - rate * o->weight_decay);
    u->share = average_share(u->config->ema, step);
    if (o->clip > 0 || orthogonal) {
        workers_run(workers, u->slices, gradient_of_slice, u);
        u->scale = clipping(u);
    }
    u->adam = adam_step(o, rate, u->scale, step);
    if (orthogonal)
        workers_run(workers, u->model->parameters.count, muon_tensor, u);
    else
        workers_run(workers, u->slices, o->clip > 0 ? adam_slice : both_of_slice, u);
}
