/* SPDX-License-Identifier: MIT */
/* JSON texts, and many that are almost JSON, are read as jansson reads them. */
#include "nn/json_text.h"
#include "test.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CHANGES 200000

static uint64_t state = 1;

static size_t draw(size_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state >> 33) % bound;
}

static const char *const texts[] = {
    "{}",
    " [ ] ",
    "\t{\"a\" : 1 ,\r\n\"b\":[true,false,null,\"\"], \"c\":{\"d\":-0.5e+3}} \n",
    "[0,-0,1,-1,10,9223372036854775807,-9223372036854775808]",
    "[9223372036854775808]",
    "[-9223372036854775809]",
    "[0.5,1e0,1E-9,-2.25e+10,1e308,123456789.125]",
    "[1e309]",
    "[01]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1e]",
    "[-]",
    "[0x1]",
    "[tru]",
    "[True]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\uD834\\uDD1E\"]",
    "[\"\\ud834\"]",
    "[\"\\uDBFF\\uDFFF \\uD800\\uDC00\"]",
    "[\"\\ud834\\u0041\"]",
    "[\"\\udd1e\\ud834\"]",
    "[\"\\u0000\"]",
    "{\"\\u0000\":1}",
    "[\"\\u12g4\"]",
    "[\"\\x41\"]",
    "[\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e\"]",
    "[\"\xff\"]",
    "[\"\xc0\xaf\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "[\"\xe2\x82\"]",
    "[\"\x01\"]",
    "[\"a\nb\"]",
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"\\u0061\":1}",
    "{\"\":0}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\" 1}",
    "{a:1}",
    "[1,]",
    "[1 2]",
    "[1",
    "{\"a\":[{\"b\":[1,{\"c\":2}]}]}",
    "[\"",
    "[\"\\",
    "[\"\\u",
    "[\"\\u12",
    "\"text\"",
    "1",
    "",
    "  ",
    "{} {}",
    "[]]",
    "{\"data_offsets\":[0,120],\"dtype\":\"F32\",\"shape\":[5,6]}",
};

/* Reads the text by both, from memory that ends where it ends. Returns whether it was JSON. */
static bool compare(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    json_error_t error;
    if (copy == NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    json_t *wanted = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error),
           *found = json_read(copy, length, "t");
    EXPECT((found == NULL) == (wanted == NULL), "'%.*s': %s; jansson: %s", (int)length, text,
           found == NULL ? error_message() : "read", wanted == NULL ? error.text : "read");
    EXPECT(found == NULL || json_equal(found, wanted), "'%.*s': another value", (int)length, text);
    const bool read = found != NULL;
    char *written = read ? json_text(found, JSON_SORT_KEYS) : NULL, *dumped = json_dumps(found, JSON_SORT_KEYS);
    EXPECT(read ? strcmp(written, dumped) == 0 : dumped == NULL, "'%.*s': another text", (int)length, text);
    free(written);
    free(dumped);
    json_decref(found);
    json_decref(wanted);
    free(copy);
    return read;
}

static void texts_are_read_as_jansson_reads_them(void) {
    size_t good = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        good += compare(texts[i], strlen(texts[i]));
    EXPECT(good >= 9, "%zu were read", good);
}

/* A byte is changed, but not to 0, which jansson passes over after a number; or it is removed or doubled, or the
 * text is cut; twice in some. */
static size_t change(char *text, size_t length) {
    static const char bytes[] = "{}[]:,\"\\/ue0195.-+ tfn\n\x80\xc3\xe2";
    const size_t at = draw(length);
    switch (draw(4)) {
    case 0:
        text[at] = bytes[draw(sizeof bytes - 1)];
        return length;
    case 1:
        memmove(text + at, text + at + 1, length - at - 1);
        return length - 1;
    case 2:
        memmove(text + at + 1, text + at, length - at);
        return length + 1;
    default:
        return at;
    }
}

static void texts_that_are_almost_json_are_read_as_jansson_reads_them(void) {
    char text[256];
    size_t good = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        const char *from = texts[draw(sizeof texts / sizeof *texts)];
        size_t length = strlen(from);
        memcpy(text, from, length);
        for (size_t changes = 1 + draw(2); changes > 0 && length > 0; changes--)
            length = change(text, length);
        good += compare(text, length);
    }
    EXPECT(good > CHANGES / 50, "%zu were read", good);
}

/* jansson allows 2048 values within each other. */
static void values_within_each_other_are_limited(void) {
    char text[2 * JSON_TEXT_DEPTH + 3];
    for (size_t depth = JSON_TEXT_DEPTH; depth <= JSON_TEXT_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        json_t *value = json_read(text, 2 * depth, "text");
        EXPECT((value != NULL) == (depth == JSON_TEXT_DEPTH), "%zu", depth);
        json_decref(value);
    }
    EXPECT(strcmp(error_message(), "text: the header is not JSON as wanted: byte 64: found '[]]]]]]]]]]]]]]]]]]]', "
                                   "wanted fewer values within each other") == 0,
           "%s", error_message());
}

/* What a message says of a text. */
static void messages_have_the_byte_and_what_was_wanted(void) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "it ends after 0 bytes, wanted '{' or '['"},
        {"x", "byte 0: found 'x', wanted '{' or '['"},
        {"{1", "byte 1: found '1', wanted a key in double quotes"},
        {"{\"a\" 1}", "byte 5: found '1}', wanted ':' after a key"},
        {"{\"a\":}", "byte 5: found '}', wanted a value"},
        {"{\"a\":1;}", "byte 6: found ';}', wanted ',' or '}'"},
        {"[1;]", "byte 2: found ';]', wanted ',' or ']'"},
        {"[1e999]", "byte 1: found '1e999]', wanted a number in double precision"},
        {"[9223372036854775808]", "byte 1: found '9223372036854775808]', wanted a whole number of at most 64 bits"},
        {"[\"a", "it ends after 3 bytes, wanted a '\"' that ends the string"},
        {"[\"a\tb\"]", "byte 3: found '\\x09b\"]', wanted UTF-8 without control characters"},
        {"[\"\\q\"]",
         "byte 2: found '\\q\"]', wanted one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
        {"[\"\\ud800\"]", "byte 2: found '\\ud800\"]', wanted \\uXXXX of a character other than \\u0000, or the "
                          "two of a surrogate pair"},
        {"{\"a\":1,\"a\":2}", "byte 7: found a second key \"a\", wanted each once"},
        {"[] 1", "byte 3: found '1', wanted the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64], wanted[256];
        snprintf(text, sizeof text, "%s", cases[i].text);
        snprintf(wanted, sizeof wanted, "m.bin: the header is not JSON as wanted: %s", cases[i].message);
        EXPECT(json_read(text, strlen(text), "m.bin") == NULL && strcmp(error_message(), wanted) == 0, "%s: %s",
               cases[i].text, error_message());
    }
    char zero[] = "[1\0]";
    EXPECT(json_read(zero, sizeof zero - 1, "t") == NULL &&
               strcmp(error_message(),
                      "t: the header is not JSON as wanted: byte 2: found a 0, wanted ',' or ']'") == 0,
           "%s", error_message());
}

/* jansson goes on after a key that could not be added to the text. The key takes more than the limit leaves; a
 * sanitizer would end the test instead. */
static void a_text_that_memory_runs_out_for_is_none(void) {
    struct rlimit before, little;
    const size_t length = (size_t)96 << 20;
    char *key = calloc(1, length + 1);
    json_t *object = json_object();
    EXPECT(key != NULL && getrlimit(RLIMIT_AS, &before) == 0, "no memory for the test");
    memset(key, 'k', length);
    EXPECT(json_object_set_new(object, key, json_true()) == 0, "no memory for the test");
    free(key);
#if !defined(__SANITIZE_ADDRESS__)
    little = before;
    little.rlim_cur = (rlim_t)2 * length;
    EXPECT(setrlimit(RLIMIT_AS, &little) == 0, "no limit");
    char *text = json_text(object, 0);
    EXPECT(setrlimit(RLIMIT_AS, &before) == 0, "the limit stays");
    EXPECT(text == NULL, "a text of %zu bytes", strlen(text));
    free(text);
#else
    (void)little;
#endif
    json_decref(object);
}

int main(void) {
    static const struct test tests[] = {
        {"texts are read as jansson reads them", texts_are_read_as_jansson_reads_them},
        {"texts that are almost JSON are read as jansson reads them",
         texts_that_are_almost_json_are_read_as_jansson_reads_them},
        {"values within each other are limited", values_within_each_other_are_limited},
        {"a text that memory runs out for is none", a_text_that_memory_runs_out_for_is_none},
        {"messages have the byte and what was wanted", messages_have_the_byte_and_what_was_wanted},
    };
    return RUN(tests);
}
