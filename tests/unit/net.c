/* SPDX-License-Identifier: MIT */
/* What a net holds and what it refuses, and a likelihood of several segments. */
#include "base/error.h"
#include "dist/latent.h"
#include "model/layers.h"
#include "op/ops.h"
#include "test.h"

#include <math.h>
#include <string.h>

/* More layers than a net has room for at first. */
static void a_net_grows(void) {
    struct net net = {0};
    size_t in = net_input_layer(&net, "x", 3);
    for (size_t i = 0; i < 100; i++)
        in = net_posterior(&net, in, (double)LOGVAR_BOUND);
    EXPECT(net_finish(&net) == 0 && in == 100 && net.layers == 101, "%zu layers: %s", net.layers, error_message());
    EXPECT(net.layer[0].op == &op_input && net.layer[0].width == 3, "layer 0 is %zu wide", net.layer[0].width);
    for (size_t i = 1; i < net.layers; i++)
        EXPECT(net.layer[i].number == i && net.layer[i].in[0] == i - 1 && net.layer[i].width == 3,
               "layer %zu reads %zu", i, net.layer[i].in[0]);
    net_free(&net);
}

/* A layer that changes its input in place must be its only reader. */
static void an_input_that_is_changed_has_one_reader(void) {
    struct net net = {0};
    const size_t heads = net_linear(&net, "heads", net_input_layer(&net, "x", 3), 4, NULL);
    (void)net_posterior(&net, heads, (double)LOGVAR_BOUND);
    EXPECT(net_finish(&net) == 0, "one reader: %s", error_message());
    (void)net_residual(&net, "other", heads, activation_find("test", "relu"));
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(),
                      "model: the output of heads is read by posterior, which changes it, and by other, "
                      "wanted one of them") == 0,
           "two readers: %s", error_message());
    net_free(&net);
}

/* A name that is cut off could be that of another layer, and so could those of its tensors. */
static void a_layers_name_is_not_cut_off(void) {
    static const char longest[] = "a.name.of.39.letters.xxxxxxxxxxxxxxxxxx",
                      larger[] = "a.name.of.40.letters.xxxxxxxxxxxxxxxxxxx";
    struct net net = {0};
    const size_t in = net_input_layer(&net, longest, 3);
    EXPECT(net_finish(&net) == 0 && strcmp(net.layer[in].name, longest) == 0, "%s", error_message());
    (void)net_linear(&net, larger, in, 4, NULL);
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(), "model: a layer called a.name.of.40.letters.xxxxxxxxxxxxxxxxxxx, "
                                       "wanted a name of at most 39 bytes") == 0,
           "%s", error_message());
    net_free(&net);
}

static void a_layer_has_no_more_inputs_than_there_is_room_for(void) {
    struct net net = {0};
    const size_t in = net_input_layer(&net, "x", 3), inputs[LAYER_INPUTS + 1] = {in, in, in};
    (void)net_add(&net, &op_linear, "product", NULL, 0, LAYER_INPUTS + 1, inputs);
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(), "model: the layer product reads 3 others, wanted at most 2") == 0,
           "%s", error_message());
    net_free(&net);
}

static void a_convolution_that_cannot_be_is_refused(void) {
    struct net net = {0};
    (void)net_conv(&net, "wide", net_input_layer(&net, "x", 4), 2, 32, 1, NULL);
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(), "model: wide has a kernel of 32x32, wanted at most 31x31") == 0,
           "%s", error_message());
    net_free(&net);
    net = (struct net){.name = "m.bin"};
    const size_t in = net_input_layer(&net, "x", 3), other = net_input_layer(&net, "other", 4);
    net.layer[other].image = (struct image){2, 2, 1};
    (void)net_conv_skip(&net, "block", in, other, 3);
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(), "m.bin: block adds other, wanted a layer of its own shape") == 0,
           "%s", error_message());
    net_free(&net);
}

/* Else a file would hold the numbers of both, and the name of one. */
static void layers_with_parameters_have_names_of_their_own(void) {
    struct net net = {.name = "m.bin"};
    const size_t in = net_input_layer(&net, "x", 3);
    (void)net_linear(&net, "same", net_linear(&net, "same", in, 3, NULL), 3, NULL);
    EXPECT(net_finish(&net) == -1 &&
               strcmp(error_message(), "m.bin: two tensors of the same name, wanted a name for each") == 0,
           "%s", error_message());
    net_free(&net);
}

#define SEGMENT_ITEMS 2

/* The term and the gradients of one segment of an item, by the functions of dist. */
static double segment_alone(const struct segment *s, const float *a, const float *x, float *da, float *dscale) {
    float log_scale[4], inverse_scale[4];
    const bool scale = segment_has_scale(s);
    if (scale)
        segment_set_scale(s, &(float){segment_initial_log_scale(s)}, log_scale, inverse_scale);
    const struct distributions d = {s, a, scale ? log_scale : NULL, scale ? inverse_scale : NULL, s->elements};
    return likelihood_negative_log(&d, x, da, scale ? dscale : NULL);
}

/* The likelihood of several segments is the sum of theirs, each with its own part of a, of x and of the scales. */
static void a_likelihood_of_segments_is_their_sum(void) {
    struct segment s[2] = {
        {.likelihood = &likelihood_gaussian, .scale = SCALE_SHARED, .sigma = 0.7, .first = 0, .elements = 3},
        {.likelihood = &likelihood_categorical, .levels = 4, .first = 3, .elements = 2}};
    const float x[SEGMENT_ITEMS * 5] = {0.3f, -1, 2, 3, 0, 1, 0.5f, -2, 2, 1};
    struct net net = {0};
    struct pass passes[2];
    segment_lay_out(&s[0]);
    segment_lay_out(&s[1]);
    const size_t in = net_input_layer(&net, "in", 2), element = net_input_layer(&net, "x", 5),
                 a = net_linear(&net, "a", in, 3 + 2 * 4, NULL),
                 likelihood = net_likelihood(&net, a, element, s, 2, false);
    if (net_finish(&net) < 0 || parameters_create(&net.parameters) < 0 || net_allocate(&net) < 0 ||
        net_train(&net) < 0) {
        EXPECT(0, "%s", error_message());
        return;
    }
    noise_normal(net.parameters.value, net.parameters.size, (struct noise){.seed = 3});
    net.parameters.value[net.layer[likelihood].own[0].offset] = segment_initial_log_scale(&s[0]);
    net_pack(&net);
    for (int trains = 0; trains < 2; trains++) {
        struct pass *p = &passes[trains];
        if (pass_create(p, &net, 0, net.layers,
                        &(struct pass_size){.items = SEGMENT_ITEMS, .draws = 1, .trains = trains == 1}) < 0)
            return;
        noise_normal(p->value[in].out, SEGMENT_ITEMS * 2, (struct noise){.seed = 4});
        memcpy(p->value[element].out, x, sizeof x);
        pass_forward(p, 0, net.layers, 0, SEGMENT_ITEMS);
    }
    float scale_sum = 0, scale_gradient = 0;
    for (size_t item = 0; item < SEGMENT_ITEMS; item++) {
        const float *output = passes[0].value[a].out + item * 11, *gradient = passes[1].value[a].dout + item * 11;
        float da[11], dscale[3];
        const double wanted = segment_alone(&s[0], output, x + item * 5, da, dscale) +
                              segment_alone(&s[1], output + 3, x + item * 5 + 3, da + 3, NULL);
        for (int i = 0; i < 2; i++)
            EXPECT(fabs(likelihood_of_draw(&passes[i], likelihood, item) - wanted) < 1e-9,
                   "item %zu: %g, wanted %g", item, likelihood_of_draw(&passes[i], likelihood, item), wanted);
        EXPECT(memcmp(da, gradient, sizeof da) == 0, "item %zu: another gradient", item);
        scale_sum += dscale[0] + dscale[1] + dscale[2];
    }
    float *own[] = {&scale_gradient};
    net.layer[likelihood].op->gradient(&passes[1], &net.layer[likelihood],
                                       &(struct tile){.rows = SEGMENT_ITEMS, .units = 1}, 1, 0, own);
    EXPECT(fabsf(scale_gradient - scale_sum) < 1e-4f * fabsf(scale_sum), "scale: %g, wanted %g",
           (double)scale_gradient, (double)scale_sum);
    float mean[5];
    likelihood_mean_of(&passes[0], likelihood, 1, mean);
    EXPECT(mean[2] == passes[0].value[a].out[11 + 2] && mean[3] >= 0 && mean[3] < 4, "means %g %g", (double)mean[2],
           (double)mean[3]);
    pass_free(&passes[0]);
    pass_free(&passes[1]);
    net_free(&net);
}

/* A scale that is the best one for each batch is that of all elements. */
static void a_best_scale_wants_one_segment(void) {
    struct segment s[2] = {{.likelihood = &likelihood_gaussian, .scale = SCALE_OPTIMAL, .sigma = 1, .elements = 2},
                           {.likelihood = &likelihood_bernoulli, .first = 2, .elements = 2}};
    struct net net = {0};
    segment_lay_out(&s[0]);
    segment_lay_out(&s[1]);
    const size_t in = net_input_layer(&net, "in", 4);
    (void)net_likelihood(&net, in, net_input_layer(&net, "x", 4), s, 2, false);
    EXPECT(net_finish(&net) == -1 &&
               strstr(error_message(), "model: a scale that is the best one for each batch, wanted one likelihood"),
           "%s", error_message());
    net_free(&net);
}

/* The tensors of a pair are those of two layers, one after the other. */
static void a_pair_has_the_tensors_of_two_layers(void) {
    static const char *const names[] = {"left.weight", "right.weight", "left.bias", "right.bias"};
    static const size_t offsets[] = {0, 20, 40, 44};
    static const char *const pair[] = {"left", "right"};
    struct net net = {0};
    const size_t layer = net_linear_pair(&net, "both", pair, net_input_layer(&net, "x", 5), 4);
    EXPECT(net.parameters.count == 4 && net.layer[layer].width == 8, "%zu tensors, %zu units", net.parameters.count,
           net.layer[layer].width);
    for (size_t i = 0; i < 4; i++)
        EXPECT(strcmp(net.parameters.tensor[i].name, names[i]) == 0 &&
                   net.parameters.tensor[i].offset == offsets[i],
               "%s at %zu", net.parameters.tensor[i].name, net.parameters.tensor[i].offset);
    net_free(&net);
}

/* Both of its matrices are [6, 2] here. Each has noise of its own, and its biases are drawn with it. */
static void the_matrices_of_a_gru_are_drawn_independently(void) {
    static const char *const names[] = {"gru.weight_ih", "gru.weight_hh", "gru.bias_ih", "gru.bias_hh"};
    struct net net = {0};
    struct initializer initializer;
    size_t equal = 0, zero = 0;
    EXPECT(initializer_parse(&initializer, "test", "torch") == 0, "%s", error_message());
    const size_t layer = net_gru(&net, "gru", net_input_layer(&net, "x", 2), 2, true);
    EXPECT(net_finish(&net) == 0 && net.parameters.count == 4 && net.layer[layer].own_units == 6, "%s",
           error_message());
    for (size_t i = 0; i < net.parameters.count; i++)
        EXPECT(strcmp(net.parameters.tensor[i].name, names[i]) == 0, "%s", net.parameters.tensor[i].name);
    EXPECT(parameters_create(&net.parameters) == 0, "%s", error_message());
    net_initialise(&net, &initializer, 1);
    const float *value = net.parameters.value;
    for (size_t i = 0; i < 12; i++) {
        equal += value[net.parameters.tensor[0].offset + i] == value[net.parameters.tensor[1].offset + i];
        zero += value[net.parameters.tensor[2].offset + i] == 0;
    }
    EXPECT(equal == 0 && zero == 0, "%zu of 12 weights are equal, %zu of 12 biases are 0", equal, zero);
    net_free(&net);
}

int main(void) {
    static const struct test tests[] = {
        {"a net grows", a_net_grows},
        {"an input that is changed in place has one reader", an_input_that_is_changed_has_one_reader},
        {"a layer's name is not cut off", a_layers_name_is_not_cut_off},
        {"a layer has no more inputs than there is room for", a_layer_has_no_more_inputs_than_there_is_room_for},
        {"a convolution that cannot be is refused", a_convolution_that_cannot_be_is_refused},
        {"layers with parameters have names of their own", layers_with_parameters_have_names_of_their_own},
        {"a likelihood of segments is their sum", a_likelihood_of_segments_is_their_sum},
        {"a best scale wants one segment", a_best_scale_wants_one_segment},
        {"a pair has the tensors of two layers", a_pair_has_the_tensors_of_two_layers},
        {"the matrices of a gru are drawn independently", the_matrices_of_a_gru_are_drawn_independently},
    };
    return RUN(tests);
}
