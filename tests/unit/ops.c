/* SPDX-License-Identifier: MIT */
/* Each op of op_cases.h alone: its output, the gradient with respect to its inputs, and that of its own parameters
 * against central differences of its reference, in tiles of several sizes; and with other readers of its input. */
#include "op_trial.h"
#include "test.h"

static const struct tiling divisions[] = {{1000, 10000}, {1, PANEL}, {2, 2 * PANEL}, {3, 10000}, {1000, PANEL}};
#define DIVISIONS (sizeof divisions / sizeof *divisions)

static bool is_near(double got, double wanted, double scale) {
    return fabs(got - wanted) <= 2e-5 * (scale + fabs(wanted));
}

/* Results have the same bits in each division, if the backend's have. */
static void trace(struct trial *t, const float *x, size_t n, const char *what) {
    if (n == 0)
        return;
    if (t->used + n > t->traced) {
        t->trace = realloc(t->trace, (t->used + n) * sizeof *x);
        memcpy(t->trace + t->used, x, n * sizeof *x);
        t->traced = t->used + n;
    }
    EXPECT(!products()->packed || memcmp(t->trace + t->used, x, n * sizeof *x) == 0,
           "%s: %s has other bits in other tiles", t->name, what);
    t->used += n;
}

/* Computes the output again, position by position: nothing changes. */
static void check_positions(struct trial *t, const struct layer *layer) {
    const size_t rows = rows_of(t, layer), n = rows * layer->width,
                 positions = layer->inputs > 1 ? net_input(&t->net, layer, 1)->width
                                               : image_positions(&net_input(&t->net, layer, 0)->image);
    float *out = pass_value(&t->pass, layer)->out, *before = malloc(n * sizeof *before);
    memcpy(before, out, n * sizeof *before);
    forget_array(out, n);
    for (size_t position = 0; position < positions; position++)
        layer->op->forward_position(&t->pass, layer, &(struct tile){.rows = rows, .units = layer->units}, position);
    for (size_t i = 0; i < n; i++)
        EXPECT(products()->packed ? out[i] == before[i] : fabsf(out[i] - before[i]) < 1e-5f,
               "%s: position by position, output %zu is %.7g, wanted %.7g", t->name, i, (double)out[i],
               (double)before[i]);
    free(before);
}

static void check_output(struct trial *t, struct tested *x) {
    const struct layer *layer = layer_of(t, x);
    const float *out = pass_value(&t->pass, layer)->out;
    if (layer->op->forward_position != NULL)
        check_positions(t, layer);
    for (size_t row = 0; row < rows_of(t, layer); row++) {
        double term = NAN;
        (void)row_loss(t, x, row, &term);
        for (size_t i = 0; i < layer->width; i++)
            EXPECT(is_near((double)out[row * layer->width + i], x->out[i], 1),
                   "%s: row %zu: output %zu is %.7g, wanted %.7g", t->name, row, i,
                   (double)out[row * layer->width + i], x->out[i]);
        if (layer->terms > 0 && !isnan(term))
            EXPECT(is_near(pass_term_sum(&t->pass, layer, 0, row), term, 1), "%s: row %zu: term %.7g, wanted %.7g",
                   t->name, row, pass_term_sum(&t->pass, layer, 0, row), term);
    }
    trace(t, out, rows_of(t, layer) * layer->width, "the output");
}

static void check_input_gradients(struct trial *t, struct tested *x) {
    const struct layer *layer = layer_of(t, x);
    const size_t inputs = x->c->reading == ITEMS ? 0 : x->c->learns_second ? 2 : 1;
    for (size_t i = 0; i < inputs; i++) {
        const struct layer *in = net_input(&t->net, layer, i);
        const size_t n = rows_of(t, in) * in->width;
        const float *got = pass_input(&t->pass, layer, i)->dout;
        for (size_t k = 0; k < n; k += stride(n))
            EXPECT(is_near((double)got[k], x->wanted_in[i][k], 1),
                   "%s: gradient with respect to number %zu of input %zu is %.7g, wanted %.7g", t->name, k, i,
                   (double)got[k], x->wanted_in[i][k]);
        trace(t, got, n, "a gradient with respect to an input");
    }
}

/* A layer's gradient, the units in two ranges: own[j] = beta own[j] + scale times the gradient. */
static void check_parameters(struct trial *t, struct tested *x, float scale, float beta) {
    const struct layer *layer = layer_of(t, x);
    const size_t all = layer->own_units, first = layer->own_whole ? all : (all + 2) / 3;
    float *own[LAYER_PARAMETERS] = {NULL}, *from[LAYER_PARAMETERS];
    for (size_t j = 0; j < layer->owns; j++) {
        const size_t n = all * layer->own[j].each;
        own[j] = malloc(n * sizeof *own[j]);
        for (size_t i = 0; i < n; i++)
            own[j][i] = beta == 0 ? NAN : (float)(i % 7) - 2.5f;
    }
    for (size_t unit = 0; unit < all && layer->owns > 0; unit += first) {
        const struct tile tile = {
            .rows = rows_of(t, layer), .unit = unit, .units = all - unit < first ? all - unit : first};
        for (size_t j = 0; j < layer->owns; j++)
            from[j] = own[j] + unit * layer->own[j].each;
        layer->op->gradient(&t->pass, layer, &tile, scale, beta, from);
    }
    for (size_t j = 0; j < layer->owns; j++) {
        const size_t n = all * layer->own[j].each;
        for (size_t i = 0; i < n; i += parameter_stride(t, x, n)) {
            const double wanted =
                (double)scale * x->wanted[j][i] + (beta == 0 ? 0 : (double)beta * ((double)(i % 7) - 2.5));
            EXPECT(is_near((double)own[j][i], wanted, 2), "%s: %s: gradient %zu of own[%zu] is %.7g, wanted %.7g",
                   t->name, layer->name, i, j, (double)own[j][i], wanted);
        }
        trace(t, own[j], n, "a gradient of parameters");
        free(own[j]);
    }
}

/* The net in each division, and the gradients with each kind of scale and beta. */
static void check_trial(struct trial *t) {
    static const float scales[][2] = {{1, 0}, {0.25f, 1}, {-0.5f, 0.5f}};
    for (size_t d = 0; d < DIVISIONS * 3; d++) {
        t->used = d % 3 == 0 ? 0 : t->used;
        forward(t, &divisions[d / 3]);
        if (d == 0)
            want_gradients(t);
        for (size_t i = 0; i < t->readers; i++)
            check_output(t, &t->reader[i]);
        backward(t, &divisions[d / 3]);
        for (size_t i = 0; i < t->readers && !t->shared; i++)
            check_input_gradients(t, &t->reader[i]);
        for (size_t i = 0; i < t->readers; i++)
            check_parameters(t, &t->reader[i], scales[d % 3][0], scales[d % 3][1]);
        if (t->shared)
            check_parameters(t, &t->root, scales[d % 3][0], scales[d % 3][1]);
    }
}

/* The sizes of a trial. */
struct sizes {
    size_t items, draws, readers, position; /* position: of the case's layer among the readers */
};

/* Readers beside the case's. */
static const struct op_case others[] = {
    LINEAR(0, 11, .name = "other", .activation = "tanh"),
    RESIDUAL(0, .name = "third", .activation = "gelu"),
};

/* What all trials of a case begin with: in[0] of the readers, and their second input if there is one. */
static void build_inputs(struct trial *t, const struct op_case *c, const struct op_case *root, size_t *in,
                         size_t *second) {
    const size_t x = add_input(&t->net, "x", c->reading == ITEMS ? c->in : X_WIDTH, c->draws);
    *second = NO_LAYER;
    if (c->second > 0)
        *second = add_input(&t->net, "second", c->second, false);
    if (c->learns_second)
        *second = net_linear(&t->net, "learned", *second, c->second, NULL);
    *in = c->reading == ITEMS ? x
          : c->group > 1      ? net_linear_groups(&t->net, "root", x, c->in, c->group)
                              : net_linear(&t->net, "root", x, c->in, test_activation(root->activation));
    if (c->image.height > 0 && c->reading != ITEMS)
        t->net.layer[*in].image = c->image;
    if (c->image.height > 0 && c->learns_second)
        t->net.layer[*second].image = (struct image){c->image.height, c->image.width, c->units};
}

static void build_readers(struct trial *t, const struct op_case *c, const struct sizes *s, size_t in,
                          size_t second) {
    size_t other = 0;
    t->readers = s->readers;
    for (size_t k = 0; k < s->readers; k++) {
        const struct op_case *this = k == s->position ? c : &others[other++];
        t->reader[k].c = this;
        t->reader[k].layer = this->build(&t->net, this, in, second);
    }
}

/* Each parameter belongs to a layer, which has a gradient for it: only such parameters are trained. A VampPrior's
 * components are nobody's. */
static void check_owners(const struct trial *t, const struct op_case *c) {
    size_t owned = c->vamp ? TEST_COMPONENTS * c->in : 0;
    for (size_t i = 0; i < t->net.layers; i++) {
        const struct layer *layer = &t->net.layer[i];
        EXPECT(layer->owns == 0 || layer->op->gradient != NULL, "%s: %s has no gradient", t->name, layer->name);
        for (size_t j = 0; j < layer->owns; j++)
            owned += layer->own_units * layer->own[j].each;
    }
    EXPECT(owned == t->net.parameters.size, "%s: %zu of %zu parameters are trained", t->name, owned,
           t->net.parameters.size);
}

/* Allocates and sets what the net needs. 0 or -1. */
static int start(struct trial *t, const struct op_case *c, const struct sizes *s) {
    struct parameters *p = &t->net.parameters;
    if (net_finish(&t->net) < 0 || parameters_create(p) < 0 || net_allocate(&t->net) < 0)
        return -1;
    check_owners(t, c);
    fill(p->value, p->size, 0.3f, 1);
    if (net_train(&t->net) < 0 ||
        pass_create(&t->pass, &t->net, 0, t->net.layers,
                    &(struct pass_size){.items = s->items, .draws = s->draws, .trains = true}) < 0)
        return -1;
    for (size_t i = 0; i < t->net.layers && t->net.layer[i].inputs == 0; i++) {
        const struct layer *input = &t->net.layer[i];
        float *x = t->pass.value[i].out;
        if ((c->reading == ITEMS) == (i == 0))
            fill_items(c, x, rows_of(t, input) * input->width);
        else
            fill(x, rows_of(t, input) * input->width, 0.5f, 3 + i);
        pass_pack(&t->pass, input, 0, rows_of(t, input));
    }
    fill(t->pass.weight, s->items * s->draws, 1, 6);
    for (size_t k = 0; k < s->items * s->draws; k++)
        t->pass.weight[k] = fabsf(t->pass.weight[k]) + 0.1f;
    return 0;
}

/* Of a draw of z: epsilon, and the objective. */
static void start_draws(struct trial *t, const struct op_case *c) {
    const size_t latent = c->in / 2;
    t->objective = (struct objective){.estimator = estimator_find("test", c->estimator), .draws = t->pass.draws};
    t->step = (struct step){.objective = &t->objective, .items = t->items, .beta = TEST_BETA};
    for (size_t row = 0; row < t->items * t->pass.draws; row++)
        fill(draw_epsilon(&t->pass, t->reader[0].layer, row), latent, 1, 100 + row);
}

/* Checks a net that has been started. */
static void check(struct trial *t) {
    for (size_t k = 0; k < t->readers; k++)
        prepare(t, &t->reader[k], 20 + k);
    if (t->shared) {
        prepare(t, &t->root, 30);
        to_double(t->root.in[0], t->pass.value[0].out, rows_of(t, &t->net.layer[0]) * X_WIDTH);
    }
    check_trial(t);
}

static void end(struct trial *t) {
    for (size_t k = 0; k < t->readers; k++)
        release(&t->reader[k]);
    release(&t->root);
    pass_free(&t->pass);
    net_free(&t->net);
    free(t->trace);
    free(t);
}

/* Builds and checks a net of a case. */
static void try(const struct op_case *c, const struct sizes *s) {
    static const char *const activations[] = {"tanh", "gated", "gelu"};
    const struct op_case root = {
        .name = "root",
        .reference = linear_reference,
        .in = X_WIDTH,
        .units = c->in * (c->group > 1 ? c->group : 1),
        .activation = s->readers > 1 && c->group <= 1 ? activations[s->position + s->readers - 2] : NULL};
    struct trial *t = calloc(1, sizeof *t);
    size_t in, second;
    char name[100];
    snprintf(name, sizeof name, "%s of %zu, items: %zu, draws: %zu, reader %zu of %zu", c->name, c->in, s->items,
             s->draws, s->position + 1, s->readers);
    t->name = name;
    t->items = s->items;
    t->shared = s->readers > 1;
    build_inputs(t, c, &root, &in, &second);
    build_readers(t, c, s, in, second);
    t->root.c = &root;
    t->root.layer = in;
    if (start(t, c, s) < 0) {
        EXPECT(0, "%s: %s", name, error_message());
        end(t);
        return;
    }
    if (c->estimator != NULL)
        start_draws(t, c);
    check(t);
    end(t);
}

/* Runs a trial of each case with 1 item and with several, and with 1 draw and with several. */
static void each_case(size_t readers, size_t position) {
    for (size_t i = 0; i < CASES; i++) {
        const struct op_case *c = &cases[i];
        const size_t most = c->draws || c->estimator != NULL ? 3 : 1;
        for (size_t items = 1; items <= 5; items += 4)
            for (size_t draws = 1; draws <= most; draws += 2)
                if (readers == 1 || c->reading == SHARED)
                    try(c, &(struct sizes){items, draws, readers, position});
    }
}

/* 35 items are 17 ranges of two and one of a single item. */
static void ranges_of_two_items(void) {
    static const char *const names[] = {"conv", "conv in tiles tanh", "up and conv",        "norm softplus",
                                        "gru",  "gru of a sequence",  "linear of positions"};
    size_t tried = 0;
    for (size_t i = 0; i < CASES; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            if (strcmp(cases[i].name, names[j]) == 0) {
                try(&cases[i], &(struct sizes){35, 1, 1, 0});
                tried++;
            }
    EXPECT(tried >= sizeof names / sizeof *names, "%zu cases", tried);
}

static void each_op_alone(void) {
    each_case(1, 0);
}

static void first_of_two_readers(void) {
    each_case(2, 0);
}

static void last_of_two_readers(void) {
    each_case(2, 1);
}

static void between_two_readers(void) {
    each_case(3, 1);
}

/* A net whose first reader is a product: of the root with itself, or of a layer with one row per draw and the root.
 * The root has an activation. */
static void try_product(const char *name, bool square, size_t readers) {
    static const struct op_case root = {
        .name = "root", .reference = linear_reference, .units = 7, .activation = "tanh"};
    static const struct op_case product = {
        .name = "product", .reference = product_reference, .learns_second = true};
    const struct sizes s = {.items = 3, .draws = square ? 1 : 4};
    struct trial *t = calloc(1, sizeof *t);
    *t = (struct trial){.name = name, .items = s.items, .shared = true, .readers = readers};
    const size_t x = add_input(&t->net, "x", X_WIDTH, false),
                 draws = square ? 0 : add_input(&t->net, "draws", 7, true),
                 layer = net_linear(&t->net, "root", x, 7, test_activation(root.activation)),
                 in[] = {square ? layer : net_linear(&t->net, "per draw", draws, 7, NULL), layer};
    t->root = (struct tested){.c = &root, .layer = layer};
    t->reader[0] =
        (struct tested){.c = &product, .layer = net_add(&t->net, &op_product, "product", NULL, 0, 2, in)};
    if (readers == 2)
        t->reader[1] =
            (struct tested){.c = &others[0], .layer = build_linear(&t->net, &others[0], layer, NO_LAYER)};
    if (start(t, &product, &s) < 0)
        EXPECT(0, "%s: %s", name, error_message());
    else
        check(t);
    end(t);
}

static void a_layer_may_be_read_twice_by_one(void) {
    try_product("a square", true, 1);
    try_product("a square and another layer", true, 2);
}

static void a_layer_of_items_may_be_read_by_one_of_draws(void) {
    try_product("a product of draws", false, 1);
    try_product("a product of draws and another layer", false, 2);
}

/* A convolution whose output is added to its own input, between two other readers. */
static void a_convolution_may_add_its_input(void) {
    static const struct op_case root = {
        .name = "root", .reference = linear_reference, .units = 12, .activation = "tanh"};
    static const struct op_case skip = SKIP(2, 2, 3, 3, 3, .draws = false);
    const struct sizes s = {.items = 3, .draws = 1};
    struct trial *t = calloc(1, sizeof *t);
    *t = (struct trial){.name = "conv of its skip", .items = s.items, .shared = true, .readers = 3};
    const size_t x = add_input(&t->net, "x", X_WIDTH, false),
                 layer = net_linear(&t->net, "root", x, root.units, test_activation(root.activation));
    t->net.layer[layer].image = skip.image;
    t->root = (struct tested){.c = &root, .layer = layer};
    t->reader[0] = (struct tested){.c = &others[0], .layer = build_linear(&t->net, &others[0], layer, NO_LAYER)};
    t->reader[1] = (struct tested){.c = &skip, .layer = build_conv_skip(&t->net, &skip, layer, layer)};
    t->reader[2] = (struct tested){.c = &others[1], .layer = build_residual(&t->net, &others[1], layer, NO_LAYER)};
    if (start(t, &skip, &s) < 0)
        EXPECT(0, "%s: %s", t->name, error_message());
    else
        check(t);
    end(t);
}

/* A sum of a million floats of one size would be off by a hundredth. */
static void a_large_picture_is_normalised(void) {
    struct net net = {0};
    struct pass pass = {0};
    const size_t side = 1024, x = add_input(&net, "x", side * side, false);
    net.layer[x].image = (struct image){side, side, 1};
    const size_t layer = net_norm(&net, "norm", x, 1, test_activation("tanh"));
    float worst = 0;
    if (net_finish(&net) < 0 || parameters_create(&net.parameters) < 0 ||
        pass_create(&pass, &net, 0, net.layers, &(struct pass_size){.items = 1, .draws = 1}) < 0) {
        EXPECT(0, "%s", error_message());
        return;
    }
    net.parameters.value[0] = 1;
    for (size_t i = 0; i < side * side; i++)
        pass.value[x].out[i] = 0.1f;
    pass_forward(&pass, 0, net.layers, 0, 1);
    for (size_t i = 0; i < side * side; i++)
        worst = fmaxf(worst, fabsf(pass.value[layer].out[i]));
    EXPECT(worst < 1e-3f, "a constant becomes %g, wanted 0", (double)worst);
    pass_free(&pass);
    net_free(&net);
}

int main(void) {
    static const struct test tests[] = {
        {"each op: output, and gradients with respect to inputs and parameters", each_op_alone},
        {"ops of pictures, with several items to a range", ranges_of_two_items},
        {"norm: the mean of a large picture", a_large_picture_is_normalised},
        {"each op as the first of two readers of a layer", first_of_two_readers},
        {"each op as the last of two readers of a layer", last_of_two_readers},
        {"each op between two other readers of a layer", between_two_readers},
        {"a layer that one op reads twice: the gradient is right", a_layer_may_be_read_twice_by_one},
        {"a convolution that is added to its own input", a_convolution_may_add_its_input},
        {"a layer with one row per item, read by one with one row per draw",
         a_layer_of_items_may_be_read_by_one_of_draws},
    };
    return RUN(tests);
}
