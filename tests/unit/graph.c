/* SPDX-License-Identifier: MIT */
/* What the encoder and the decoder of a model compute is what their graphs say, for each kind of layer, activation
 * and likelihood. */
#include "base/error.h"
#include "first_values.h"
#include "graph_reference.h"
#include "op/ops.h"
#include "test.h"

static const struct described {
    struct shape item;
    const char *encoder, *decoder, *activation, *likelihood, *scale;
    size_t levels, classes;
    bool missing;
} models[] = {
    {{1, {7}}, "9,5", "6", "relu", "bernoulli", NULL, 0, 0, false},
    {{1, {7}}, "9,res", "res,6", "gated", "gaussian", "net", 0, 3, false},
    {{1, {5}}, "9,norm:3", "6,norm:2,res", "tanh", "categorical", NULL, 4, 2, true},
    {{1, {6}}, "8", "8", "elu", "poisson", NULL, 0, 0, true},
    {{1, {6}}, "8", "8", "softplus", "negbin", "per-dim", 0, 2, false},
    {{1, {6}}, "8", "8", "gelu", "cbernoulli", NULL, 0, 0, false},
    {{1, {6}}, "8", "8", "silu", "dlogistic", "shared", 0, 0, false},
    {{2, {5, 4}}, "8", "8", "silu", "dlogistic", "net", 0, 2, false},
    {{2, {7, 6}}, "conv:4:3:2,8", "8,linear:4:3:4,up:2:7:6", "relu", "bernoulli", NULL, 0, 3, true},
    {{3, {6, 4, 3}},
     "conv:4:2:2,norm:2,resconv,conv:2:3,8",
     "linear:3:2:4,resconv,up:2,conv:4:3,norm:4",
     "silu",
     "laplace",
     "0.3",
     0,
     2,
     false},
    {{3, {6, 4, 2}}, "conv:2:3:2,norm:2,8", "linear:3:2:2,up:2", "gated", "categorical", NULL, 3, 2, true},
    {{1, {6}}, "gru:5,gru:4,7", "8", "tanh", "categorical", NULL, 4, 0, false},
    {{1, {6}}, "gru:5", "8", "tanh", "categorical", NULL, 4, 0, false},
};

static void configure(struct model_config *c, const struct described *d) {
    *c = (struct model_config){.item = d->item,
                               .latent = 3,
                               .activation = activation_find("test", d->activation),
                               .likelihood = likelihood_find("test", d->likelihood),
                               .sigma = 0.5,
                               .levels = d->levels,
                               .classes = d->classes,
                               .logvar_bound = 0.4,
                               .prior = &prior_normal,
                               .missing = d->missing};
    EXPECT(hidden_parse(&c->encoder, "test", d->encoder) == 0 && hidden_parse(&c->decoder, "test", d->decoder) == 0,
           "%s", error_message());
    c->tokens = hidden_is_recurrent(&c->encoder) ? "a\nb\nc\n" : NULL;
    if (d->scale != NULL)
        EXPECT(likelihood_scale(c->likelihood, "test", d->scale, &c->scale, &c->sigma) == 0, "%s", error_message());
}

/* An item, with missing elements if there may be some. */
static void fill_item(const struct described *d, float *x, size_t n, size_t item) {
    for (size_t i = 0; i < n; i++) {
        x[i] = d->levels > 0 ? (float)((i * 5 + item) % d->levels) : (float)((i * 7 + item) % 11) / 11;
        if (d->missing && (i + item) % 3 == 1)
            x[i] = NAN;
    }
}

/* Returns how many inputs the graph has. Each is there once, whoever reads it. */
static size_t inputs_of(const struct graph *g) {
    size_t inputs = 0;
    for (size_t i = 0; i < g->nodes; i++)
        inputs += g->node[i].kind == NODE_INPUT;
    return inputs;
}

/* Compares one row of what a layer has computed with the graph of the layer. */
static void compare(const struct model *m, size_t layer, const struct pass *pass, size_t row, const float *found) {
    struct graph g;
    const float *label = m->label == NO_LAYER ? NULL : pass->value[m->label].out + row * m->config.classes;
    EXPECT(graph_create(&g, &m->net, "m.bin") == 0, "%s", error_message());
    const size_t node = graph_layer(&g, layer);
    EXPECT(graph_finish(&g) == 0 && node + 1 == g.nodes, "%s", error_message());
    EXPECT(inputs_of(&g) == (label == NULL ? 1 : 2), "%s: %zu inputs", m->net.layer[layer].name, inputs_of(&g));
    double *wanted = graph_run(&g, model_x(m, pass, row), label, draw_of(pass, m->z, row));
    for (size_t i = 0; i < graph_width(&g, node); i++)
        EXPECT(fabs((double)found[i] - wanted[i]) < 1e-5 * (1 + fabs(wanted[i])),
               "%s, row %zu: number %zu is %g, not %g", m->net.layer[layer].name, row, i, (double)found[i],
               wanted[i]);
    free(wanted);
    graph_free(&g);
}

static void compare_model(const struct model *m, const struct described *d) {
    enum { ROWS = 3 };
    struct pass pass;
    float *mean = calloc(m->elements, sizeof *mean);
    EXPECT(pass_create(&pass, &m->net, 0, m->net.layers, &(struct pass_size){.items = ROWS, .draws = 1}) == 0, "%s",
           error_message());
    for (size_t row = 0; row < ROWS; row++) {
        fill_item(d, model_x(m, &pass, row), m->elements, row);
        if (d->classes > 0)
            model_set_label(m, &pass, row, (uint32_t)(row % d->classes));
    }
    pass_forward(&pass, 0, m->z, 0, ROWS);
    for (size_t row = 0; row < ROWS; row++)
        draw_set_mean(&pass, m->z, row);
    pass_forward(&pass, m->z + 1, m->likelihood, 0, ROWS);
    for (size_t row = 0; row < ROWS; row++) {
        compare(m, m->posterior, &pass, row, posterior_heads(&pass, m->posterior, row));
        likelihood_mean_of(&pass, m->likelihood, row, mean);
        compare(m, m->likelihood, &pass, row, mean);
    }
    pass_free(&pass);
    free(mean);
}

static void encoders_and_decoders_are_what_their_graphs_say(void) {
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct model_config config;
        struct model m;
        configure(&config, &models[i]);
        const int made = model_create(&m, &config);
        EXPECT(made == 0, "%s", error_message());
        if (made == 0) {
            give_first_values(&m, i);
            for (size_t k = 0; k < m.net.parameters.size;
                 k++) /* so that no bias, weight or scale is that of another */
                m.net.parameters.value[k] += 0.3F * sinf((float)(k + 1));
            net_pack(&m.net);
            compare_model(&m, &models[i]);
        }
        model_free(&m);
    }
}

/* The tokens that the graph has chosen are the most probable ones of their positions, each given those before it.
 */
static void choose_tokens(const struct model *m, struct pass *pass, size_t row) {
    struct graph g;
    EXPECT(graph_create(&g, &m->net, "m.bin") == 0, "%s", error_message());
    (void)graph_layer(&g, m->likelihood);
    double *chosen = graph_run(&g, NULL, NULL, draw_of(pass, m->z, row));
    for (size_t i = 0; i < m->elements; i++)
        model_x(m, pass, row)[i] = (float)chosen[i];
    model_set_previous(m, pass, row);
    free(chosen);
    graph_free(&g);
}

static void compare_tokens(const struct model *m, struct pass *pass, size_t row, size_t *lengths) {
    const float *x = model_x(m, pass, row);
    float *most = calloc(m->elements, sizeof *most);
    size_t length = 0;
    likelihood_mean_of(pass, m->likelihood, row, most);
    for (bool goes_on = true; goes_on && length < m->elements; length++) {
        EXPECT(most[length] == x[length], "row %zu: token %zu is %g, not %g", row, length, (double)x[length],
               (double)most[length]);
        goes_on = x[length] > 0;
    }
    for (size_t i = length; i < m->elements; i++)
        EXPECT(x[i] == 0, "row %zu: token %zu after the end is %g", row, i, (double)x[i]);
    *lengths |= (size_t)1 << length;
    free(most);
}

static void a_decoder_of_sequences_chooses_as_its_graph_says(void) {
    enum { ROWS = 40 };
    struct model_config config;
    struct model m;
    struct pass pass;
    size_t lengths = 0;
    configure(&config, &(struct described){{1, {9}}, "gru:4", "5,gru:6", "tanh", "categorical", NULL, 4, 0, false});
    EXPECT(model_create(&m, &config) == 0, "%s", error_message());
    give_first_values(&m, 2);
    for (size_t k = 0; k < m.net.parameters.size; k++)
        m.net.parameters.value[k] *= 6;
    net_pack(&m.net);
    EXPECT(pass_create(&pass, &m.net, 0, m.net.layers, &(struct pass_size){.items = ROWS, .draws = 1}) == 0, "%s",
           error_message());
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < config.latent; i++)
            draw_of(&pass, m.z, row)[i] = 3 * sinf((float)(7 * row + 3 * i));
        choose_tokens(&m, &pass, row);
    }
    pass_forward(&pass, m.z + 1, m.likelihood, 0, ROWS);
    for (size_t row = 0; row < ROWS; row++)
        compare_tokens(&m, &pass, row, &lengths);
    EXPECT((lengths & (lengths - 1)) != 0, "all sequences have one length");
    pass_free(&pass);
    model_free(&m);
}

int main(void) {
    static const struct test tests[] = {
        {"the encoder and the decoder of a model are what their graphs say",
         encoders_and_decoders_are_what_their_graphs_say},
        {"a decoder of sequences chooses as its graph says", a_decoder_of_sequences_chooses_as_its_graph_says},
    };
    return RUN(tests);
}
