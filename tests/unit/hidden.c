/* SPDX-License-Identifier: MIT */
/* Lists of hidden layers, from text and to text; and a decoder's list that mirrors an encoder's. */
#include "op/hidden.h"
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
        {"none", "none"},      {"1", "1"},
        {"400", "400"},        {"400,200", "400,200"},
        {"65536", "65536"},    {"400,res,res", "400,res,res"},
        {"linear:400", "400"}, {"linear:400,res,20,linear:3", "400,res,20,3"},
        {"res", "res"},        {"res,400", "res,400"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_text(texts[i][0], texts[i][1]);
}

/* The longest list, and the longest text of each item. */
static void the_longest_list_is_taken(void) {
    static const char *const items[][2] = {{"65536", "65536"}, {"linear:65536", "65536"}, {"res", "res"}};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char *text = list_of(items[i][0], HIDDEN_MAX), *wanted = list_of(items[i][1], HIDDEN_MAX);
        expect_text(text, wanted);
        free(text);
        free(wanted);
    }
}

static void expect_refused(const char *text) {
    struct hidden *hidden = malloc(sizeof *hidden);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "-H: found '%.40s", text);
    EXPECT(hidden_parse(hidden, "-H", text) == -1, "'%s' was taken", text);
    EXPECT(strncmp(error_message(), wanted, strlen(wanted)) == 0 &&
               strstr(error_message(), "between them, each one of N, res ("),
           "'%s': message: %s", text, error_message());
    free(hidden);
}

static void other_texts_are_refused(void) {
    static const char *const texts[] = {
        "",
        " ",
        ",",
        "400,",
        ",400",
        "400,,200",
        "res:3",
        "res:",
        "400:3",
        "conv:3",
        "conv",
        "0",
        "linear:0",
        "linear",
        "linear:",
        "linear:400:",
        ":400",
        ":",
        "65537",
        "none,400",
        "400,none",
        "none,none",
        "None",
        "RES",
        "re",
        "resi",
        "linear:4:4",
        "400 ",
        " 400",
        "+400",
        "-400",
        "4e2",
        "400,res,",
        "res,,res",
        "linear: 400",
        "lin:400",
        "0x10",
        "400.0",
        "400;200",
        "linear:res",
        "99999999999999999999",
        "linear:99999999999999999999",
        "1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1",
    };
    char *long_list = list_of("4", HIDDEN_MAX + 1), *long_name = list_of("res", HIDDEN_MAX + 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_refused(texts[i]);
    expect_refused(long_list);
    expect_refused(long_name);
    free(long_list);
    free(long_name);
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
        EXPECT(hidden_mirror(decoder, encoder, "--decoder") == 0, "%s", error_message());
        EXPECT(strcmp(hidden_text(decoder, got), lists[i][1]) == 0, "'%s' is mirrored as '%s', wanted '%s'",
               lists[i][0], got, lists[i][1]);
    }
    free(encoder);
    free(decoder);
}

/* The decoder would have to end with a layer that is as wide as the data. */
static void a_list_that_begins_with_the_datas_width_has_no_mirror(void) {
    struct hidden *encoder = malloc(sizeof *encoder), *decoder = malloc(sizeof *decoder);
    static const char *const lists[] = {"res", "res,400", "res,res,400"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        EXPECT(hidden_parse(encoder, "-H", lists[i]) == 0, "%s", error_message());
        EXPECT(hidden_mirror(decoder, encoder, "--decoder") == -1, "'%s' was mirrored", lists[i]);
        EXPECT(strncmp(error_message(), "--decoder: ", 11) == 0 && strstr(error_message(), "begins with res"),
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
                     last = hidden_add(&net, "room", x, hidden, activation_find("test", "relu"));
        EXPECT(net_finish(&net, "test") == 0 && net.layers == lists[i].layers && last == net.layers - 1,
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
        {"a decoder mirrors an encoder", a_decoder_mirrors_an_encoder},
        {"a list that begins with the data's width has no mirror",
         a_list_that_begins_with_the_datas_width_has_no_mirror},
        {"lists become layers of a net", lists_become_layers_of_a_net},
    };
    return RUN(tests);
}
