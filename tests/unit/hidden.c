/* SPDX-License-Identifier: MIT */
/* Lists of hidden layers, from text and to text; and a decoder's list that mirrors an encoder's. */
#include "op/hidden.h"

#include "base/error.h"
#include "op/ops.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* `count` items with commas between them; to be freed. */
static char *list_of(const char *item, size_t count) {
    char *text = calloc(count, strlen(item) + 1);
    for (size_t i = 0; i < count; i++) {
        strcat(text, i == 0 ? "" : ",");
        strcat(text, item);
    }
    return text;
}

static void expect_text(const char *text, const char *wanted) {
    struct hidden *hidden = malloc(sizeof *hidden);
    char got[HIDDEN_TEXT];
    const int failed = hidden_parse(hidden, "-H", text);
    EXPECT(failed == 0, "'%s': %s", text, error_message());
    if (failed == 0)
        EXPECT(strcmp(hidden_text(hidden, got), wanted) == 0, "'%s' became '%s', wanted '%s'", text, got, wanted);
    free(hidden);
}

static void texts_become_layers_and_texts_again(void) {
    static const char *const texts[][2] = {
        {"none", "none"},
        {"1", "1"},
        {"400", "400"},
        {"400,200", "400,200"},
        {"65536", "65536"},
        {"400,res,res", "400,res,res"},
        {"linear:400", "400"},
        {"linear:400,res,20,linear:3", "400,res,20,3"},
        {"res", "res"},
        {"res,400", "res,400"},
        {"conv:3:4", "conv:3:4"},
        {"conv:3:31:1,norm:8,conv:1:1:1", "conv:3:31,norm,conv:1:1"},
        {"conv:32:4:2,norm,resconv", "conv:32:4:2,norm,resconv"},
        {"linear:7:7:64,up:2:7:6,up:3", "linear:7:7:64,up:2:7:6,up:3"},
        {"400,norm:1", "400,norm:1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_text(texts[i][0], texts[i][1]);
}

/* The longest list, and the longest text of each item. */
static void the_longest_list_is_taken(void) {
    static const char *const items[][2] = {{"65536", "65536"},
                                           {"linear:65536", "65536"},
                                           {"res", "res"},
                                           {"linear:65536:65536:65536", "linear:65536:65536:65536"}};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char *text = list_of(items[i][0], HIDDEN_MAX), *wanted = list_of(items[i][1], HIDDEN_MAX);
        expect_text(text, wanted);
        free(text);
        free(wanted);
    }
}

#define NUMBERS " (numbers from 1 to 65536)"
#define ANY                                                                                                      \
    "none, or 1 to 64 layers with ',' between them, each one of [linear:]N, linear:HEIGHT:WIDTH:CHANNELS, res, " \
    "conv:CHANNELS:KERNEL[:STRIDE], resconv, up:FACTOR[:HEIGHT:WIDTH], norm[:GROUPS], gru:UNITS" NUMBERS
#define LINEAR "[linear:]N, linear:HEIGHT:WIDTH:CHANNELS" NUMBERS
#define CONV "conv:CHANNELS:KERNEL[:STRIDE] (numbers from 1 to 65536, the second to 31)"
#define UP "up:FACTOR[:HEIGHT:WIDTH]" NUMBERS
#define NORM "norm[:GROUPS]" NUMBERS

/* The layer `found` of the text is named, or the text if it is all of it, with what is wanted there. */
static void expect_refused(const char *text, const char *found, const char *wanted) {
    struct hidden *hidden = malloc(sizeof *hidden);
    const bool all = strcmp(text, found) == 0;
    char message[ERROR_MESSAGE];
    snprintf(message, sizeof message, "-H: found '%s'%s%s%s, wanted %s", found, all ? "" : " in '", all ? "" : text,
             all ? "" : "'", wanted);
    EXPECT(hidden_parse(hidden, "-H", text) == -1, "'%s' was taken", text);
    EXPECT(strcmp(error_message(), message) == 0, "'%s': message: %s", text, error_message());
    free(hidden);
}

static void other_texts_are_refused(void) {
    static const char *const texts[][3] = {
        {"", "", ANY},
        {" ", " ", ANY},
        {",", "", ANY},
        {"400,", "", ANY},
        {",400", "", ANY},
        {"400,,200", "", ANY},
        {"res:3", "res:3", "res"},
        {"res:", "res:", "res"},
        {"400:3", "400:3", ANY},
        {"conv:3", "conv:3", CONV},
        {"conv", "conv", CONV},
        {"conv:3:4:2:1", "conv:3:4:2:1", CONV},
        {"conv:3:", "conv:3:", CONV},
        {"conv:3:32:2", "conv:3:32:2", CONV},
        {"up", "up", UP},
        {"up:2:3", "up:2:3", UP},
        {"up:0", "up:0", UP},
        {"resconv:3", "resconv:3", "resconv"},
        {"400,norm:1:2", "norm:1:2", NORM},
        {"400,norm:", "norm:", NORM},
        {"linear:7:7", "linear:7:7", LINEAR},
        {"0", "0", ANY},
        {"linear:0", "linear:0", LINEAR},
        {"linear", "linear", LINEAR},
        {"linear:", "linear:", LINEAR},
        {"linear:400:", "linear:400:", LINEAR},
        {":400", ":400", ANY},
        {":", ":", ANY},
        {"65537", "65537", ANY},
        {"none,400", "none", ANY},
        {"400,none", "none", ANY},
        {"none,none", "none", ANY},
        {"None", "None", ANY},
        {"RES", "RES", ANY},
        {"re", "re", ANY},
        {"resi", "resi", ANY},
        {"linear:4:4", "linear:4:4", LINEAR},
        {"400 ", "400 ", ANY},
        {" 400", " 400", ANY},
        {"+400", "+400", ANY},
        {"-400", "-400", ANY},
        {"4e2", "4e2", ANY},
        {"400,res,", "", ANY},
        {"res,,res", "", ANY},
        {"linear: 400", "linear: 400", LINEAR},
        {"lin:400", "lin:400", ANY},
        {"0x10", "0x10", ANY},
        {"400.0", "400.0", ANY},
        {"400;200", "400;200", ANY},
        {"linear:res", "linear:res", LINEAR},
        {"99999999999999999999", "99999999999999999999", ANY},
        {"linear:99999999999999999999", "linear:99999999999999999999", LINEAR},
        {"1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1", "1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1", ANY},
    };
    char *long_list = list_of("4", HIDDEN_MAX + 1), *long_name = list_of("res", HIDDEN_MAX + 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_refused(texts[i][0], texts[i][1], texts[i][2]);
    expect_refused(long_list, long_list, ANY);
    expect_refused(long_name, long_name, ANY);
    free(long_list);
    free(long_name);
}

/* A normalization follows a product. */
static void normalizations_in_other_places_are_refused(void) {
    static const char *const texts[][2] = {{"norm", "found norm at the beginning"},
                                           {"res,norm", "found norm after res,"},
                                           {"conv:3:3,norm,norm", "found norm after norm,"},
                                           {"linear:2:2:3,up:2,norm:3", "found norm after up,"},
                                           {"conv:4:3,resconv,norm", "found norm after resconv,"}};
    struct hidden *hidden = malloc(sizeof *hidden);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        EXPECT(hidden_parse(hidden, "-H", texts[i][0]) == -1 && strstr(error_message(), texts[i][1]) != NULL,
               "'%s': message: %s", texts[i][0], error_message());
    free(hidden);
}

/* Plain lists are those of model files of version 1: up to 8 linear layers. */
static void plain_lists_are_those_of_version_1(void) {
    static const struct {
        const char *text;
        bool plain;
    } lists[] = {{"none", true},
                 {"400", true},
                 {"linear:400,200", true},
                 {"res", false},
                 {"400,res", false},
                 {"res,400", false},
                 {"400,res,200", false},
                 {"1,2,3,4,5,6,7,8", true},
                 {"1,2,3,4,5,6,7,8,9", false}};
    struct hidden *hidden = malloc(sizeof *hidden);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        EXPECT(hidden_parse(hidden, "-H", lists[i].text) == 0, "%s", error_message());
        EXPECT(hidden_is_plain(hidden) == lists[i].plain, "'%s'", lists[i].text);
    }
    free(hidden);
}

static void a_decoder_mirrors_an_encoder(void) {
    const struct image item = {1, 1, 784};
    static const char *const lists[][2] = {{"none", "none"},
                                           {"400", "400"},
                                           {"400,200", "200,400"},
                                           {"400,200,100", "100,200,400"},
                                           {"400,res,res", "400,res,res"},
                                           {"400,200,res", "200,res,400"},
                                           {"400,res,200", "200,400,res"},
                                           {"400,res,200,res,res,100", "100,200,res,res,400,res"}};
    struct hidden *encoder = malloc(sizeof *encoder), *decoder = malloc(sizeof *decoder);
    char got[HIDDEN_TEXT];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        EXPECT(hidden_parse(encoder, "-H", lists[i][0]) == 0, "%s", error_message());
        EXPECT(hidden_mirror(decoder, encoder, &item, "--decoder") == 0, "%s", error_message());
        EXPECT(strcmp(hidden_text(decoder, got), lists[i][1]) == 0, "'%s' is mirrored as '%s', wanted '%s'",
               lists[i][0], got, lists[i][1]);
    }
    free(encoder);
    free(decoder);
}

/* Convolutions are mirrored for items of the size: up to the size before, then a convolution. */
static void a_decoder_mirrors_convolutions(void) {
    static const struct {
        struct image item;
        const char *encoder, *decoder;
    } lists[] = {
        {{28, 28, 1}, "conv:32:4:2,conv:64:4:2,256", "256,linear:7:7:64,up:2,conv:32:4,up:2"},
        {{7, 7, 3}, "conv:8:3:2,conv:9:3:2,5", "5,linear:2:2:9,up:2,conv:8:3,up:2:7:7"},
        {{7, 5, 3}, "conv:8:3:3", "linear:3:2:8,up:3:7:5"},
        {{7, 6, 1}, "conv:8:3:2", "linear:4:3:8,up:2:7:6"},
        {{6, 6, 1}, "conv:4:3", "linear:6:6:4"},
        {{6, 6, 1}, "conv:4:3,resconv,resconv,conv:5:1,20", "20,linear:6:6:5,conv:4:1,resconv,resconv"},
        {{8, 8, 2},
         "conv:4:3,norm,resconv,conv:6:3:2,norm:2,7",
         "7,linear:4:4:6,norm:2,up:2,conv:4:3,norm,resconv"},
        {{8, 8, 2}, "conv:4:3:2,9,norm:3,res", "9,norm:3,res,linear:4:4:4,up:2"},
        {{1, 1, 5}, "conv:4:3:2,conv:2:1", "2,conv:4:1,up:2:1:1"},
        {{6, 6, 1}, "linear:2:2:5,conv:3:3", "linear:2:2:3,conv:5:3"},
    };
    struct hidden *encoder = malloc(sizeof *encoder), *decoder = malloc(sizeof *decoder);
    char got[HIDDEN_TEXT];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        EXPECT(hidden_parse(encoder, "-H", lists[i].encoder) == 0 &&
                   hidden_mirror(decoder, encoder, &lists[i].item, "--decoder") == 0,
               "%s", error_message());
        EXPECT(strcmp(hidden_text(decoder, got), lists[i].decoder) == 0, "'%s' is mirrored as '%s', wanted '%s'",
               lists[i].encoder, got, lists[i].decoder);
    }
    free(encoder);
    free(decoder);
}

/* The decoder would have to end with a layer that is as wide as the data. */
static void a_list_that_begins_with_the_datas_width_has_no_mirror(void) {
    const struct image item = {28, 28, 1};
    struct hidden *encoder = malloc(sizeof *encoder), *decoder = malloc(sizeof *decoder);
    static const char *const lists[][2] = {{"res", "begins with res"},
                                           {"res,400", "begins with res"},
                                           {"res,res,400", "begins with res"},
                                           {"resconv,400", "begins with resconv"},
                                           {"up:2,400", "has up"},
                                           {"conv:2:3,up:2,3", "has up"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        EXPECT(hidden_parse(encoder, "-H", lists[i][0]) == 0, "%s", error_message());
        EXPECT(hidden_mirror(decoder, encoder, &item, "--decoder") == -1, "'%s' was mirrored", lists[i][0]);
        EXPECT(strncmp(error_message(), "--decoder: ", 11) == 0 && strstr(error_message(), lists[i][1]),
               "message: %s", error_message());
    }
    free(encoder);
    free(decoder);
}

/* Layers are added in the list's order, each reads the one before, and none is added for an empty list. */
static void lists_become_layers_of_a_net(void) {
    static const struct {
        const char *text, *names[4];
        size_t layers, width[4];
    } lists[] = {{"none", {"x"}, 1, {9}},
                 {"7,res,3", {"x", "room.0", "room.1", "room.2"}, 4, {9, 7, 7, 3}},
                 {"res,5", {"x", "room.0", "room.1"}, 3, {9, 9, 5}}};
    struct hidden *hidden = malloc(sizeof *hidden);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct net net = {0};
        EXPECT(hidden_parse(hidden, "-H", lists[i].text) == 0, "%s", error_message());
        const size_t x = net_input_layer(&net, "x", 9),
                     last = hidden_add(&(struct hidden_place){.net = &net,
                                                              .name = "room",
                                                              .in = x,
                                                              .activation = activation_find("test", "relu"),
                                                              .previous = NO_LAYER},
                                       hidden);
        EXPECT(net_finish(&net) == 0 && net.layers == lists[i].layers && last == net.layers - 1,
               "'%s': %zu layers, the last one is %zu", lists[i].text, net.layers, last);
        for (size_t k = 0; k < net.layers && k < lists[i].layers; k++)
            EXPECT(strcmp(net.layer[k].name, lists[i].names[k]) == 0 && net.layer[k].width == lists[i].width[k] &&
                       (k == 0 || net.layer[k].in[0] == k - 1),
                   "'%s': layer %zu: %s of %zu", lists[i].text, k, net.layer[k].name, net.layer[k].width);
        net_free(&net);
    }
    free(hidden);
}

int main(void) {
    static const struct test tests[] = {
        {"texts become layers and texts again", texts_become_layers_and_texts_again},
        {"the longest list is taken", the_longest_list_is_taken},
        {"other texts are refused", other_texts_are_refused},
        {"plain lists are those of version 1", plain_lists_are_those_of_version_1},
        {"normalizations in other places are refused", normalizations_in_other_places_are_refused},
        {"a decoder mirrors an encoder", a_decoder_mirrors_an_encoder},
        {"a decoder mirrors convolutions", a_decoder_mirrors_convolutions},
        {"a list that begins with the data's width has no mirror",
         a_list_that_begins_with_the_datas_width_has_no_mirror},
        {"lists become layers of a net", lists_become_layers_of_a_net},
    };
    return RUN(tests);
}
