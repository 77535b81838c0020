/* SPDX-License-Identifier: MIT */
#include "nn/json_text.h"

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN ((size_t)20) /* bytes of the text that a message shows */

/* Commas in strings are not counted. */
size_t json_count_values(const char *text, size_t length) {
    size_t values = 1;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            in_string = !in_string;
        else if (in_string)
            i += text[i] == '\\';
        else
            values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    }
    return values;
}

struct reader {
    const char *name;
    char *text, *at, *end; /* *end is 0 */
    size_t depth;
};

/* A string without its quotes and escapes. It stays in the text, followed by a 0. */
struct string {
    char *text;
    size_t length;
};

/* Sets the message that something else was wanted at `at`. Returns -1. */
static int fail_at(const struct reader *r, const char *at, const char *wanted) {
    const size_t byte = (size_t)(at - r->text);
    if (at >= r->end)
        return fail("%s: the header is not JSON as wanted: it ends after %zu bytes, wanted %s", r->name,
                    (size_t)(r->end - r->text), wanted);
    if (*at == '\0')
        return fail("%s: the header is not JSON as wanted: byte %zu: found a 0, wanted %s", r->name, byte, wanted);
    return fail("%s: the header is not JSON as wanted: byte %zu: found '%.*s', wanted %s", r->name, byte,
                (int)smaller((size_t)(r->end - at), SHOWN), at, wanted);
}

static int fail_memory(const struct reader *r) {
    return fail("%s: out of memory for the header", r->name);
}

/* Returns the value, or NULL with a message if it could not be allocated. */
static json_t *allocated(const struct reader *r, json_t *value) {
    if (value == NULL)
        (void)fail_memory(r);
    return value;
}

static void skip_blanks(struct reader *r) {
    r->at += strspn(r->at, " \t\n\r");
}

/* Passes over the character if it is the next one. */
static bool accept(struct reader *r, char c) {
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

/* Reads the four digits of \uXXXX, which begins at `at`. Returns whether they are there. */
static bool read_code(const char *at, uint32_t *code) {
    static const char digits[] = "0123456789abcdef";
    *code = 0;
    if (at[0] != '\\' || at[1] != 'u')
        return false;
    for (size_t i = 2; i < 6; i++) {
        const char *digit =
            at[i] == '\0' ? NULL : strchr(digits, at[i] >= 'A' && at[i] <= 'F' ? at[i] + 32 : at[i]);
        if (digit == NULL)
            return false;
        *code = *code << 4 | (uint32_t)(digit - digits);
    }
    return true;
}

/* Reads \uXXXX, or the two of a character above U+FFFF, to `to`. Returns the bytes written; 0 with a message. */
static size_t read_escaped_code(struct reader *r, char *to) {
    uint32_t code, second = 0;
    const char *const start = r->at;
    bool good = read_code(r->at, &code) && code != 0;
    r->at += 6;
    if (good && code >= 0xd800 && code < 0xe000) {
        good = code < 0xdc00 && read_code(r->at, &second) && second >= 0xdc00 && second < 0xe000;
        code = 0x10000 + ((code & 0x3ff) << 10) + (second & 0x3ff);
        r->at += 6;
    }
    if (good)
        return utf8_write(code, to);
    (void)fail_at(r, start, "\\uXXXX of a character other than \\u0000, or the two of a surrogate pair");
    return 0;
}

/* Reads the escape at the backslash to `to`, which is not after it. Returns the bytes written; 0 with a message. */
static size_t read_escape(struct reader *r, char *to) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char name = r->at[1], *found = name == '\0' ? NULL : strchr(names, name);
    if (name == 'u')
        return read_escaped_code(r, to);
    if (found == NULL) {
        (void)fail_at(r, r->at, "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
        return 0;
    }
    *to = values[found - names];
    r->at += 2;
    return 1;
}

/* Copies the character to `to`, which is not after it. Returns its bytes; 0 with a message. */
static size_t read_character(struct reader *r, char *to) {
    uint32_t code;
    const size_t length = utf8_read(r->at, (size_t)(r->end - r->at), &code);
    if (length == 0 || code < ' ') {
        (void)fail_at(r, r->at,
                      r->at >= r->end ? "a '\"' that ends the string" : "UTF-8 without control characters");
        return 0;
    }
    memmove(to, r->at, length);
    r->at += length;
    return length;
}

static int read_string(struct reader *r, struct string *string) {
    char *to = ++r->at;
    *string = (struct string){.text = to};
    while (!accept(r, '"')) {
        const size_t length = *r->at == '\\' ? read_escape(r, to) : read_character(r, to);
        if (length == 0)
            return -1;
        to += length;
    }
    *to = '\0';
    string->length = (size_t)(to - string->text);
    return 0;
}

static size_t digits(const char *text) {
    return strspn(text, "0123456789");
}

/* Returns the bytes of the number at `text`; 0: there is none. Sets *whole if it has no fraction and no exponent.
 */
static size_t number_length(const char *text, bool *whole) {
    const char *at = text + (*text == '-');
    const size_t n = digits(at);
    *whole = true;
    if (n == 0 || (*at == '0' && n > 1))
        return 0;
    at += n;
    if (*at == '.') {
        *whole = false;
        at++;
        if (digits(at) == 0)
            return 0;
        at += digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        *whole = false;
        at += 1 + (at[1] == '+' || at[1] == '-');
        if (digits(at) == 0)
            return 0;
        at += digits(at);
    }
    return (size_t)(at - text);
}

static json_t *read_number(struct reader *r) {
    bool whole;
    const char *const start = r->at;
    const size_t length = number_length(start, &whole);
    if (length == 0) {
        (void)fail_at(r, start, "a value");
        return NULL;
    }
    r->at += length;
    if (!whole) {
        const double real = strtod(start, NULL);
        if (isfinite(real))
            return allocated(r, json_real(real));
        (void)fail_at(r, start, "a number in double precision");
        return NULL;
    }
    errno = 0;
    const long long integer = strtoll(start, NULL, 10);
    if (errno == 0)
        return allocated(r, json_integer(integer));
    (void)fail_at(r, start, "a whole number of at most 64 bits");
    return NULL;
}

static json_t *read_value(struct reader *r);

/* Reads a key and its value into the object. 0 or -1. */
static int read_member(struct reader *r, json_t *object) {
    struct string key;
    const char *const start = r->at;
    if (*r->at != '"')
        return fail_at(r, start, "a key in double quotes");
    if (read_string(r, &key) < 0)
        return -1;
    if (json_object_get(object, key.text) != NULL)
        return fail("%s: the header is not JSON as wanted: byte %zu: found a second key \"%s\", wanted each once",
                    r->name, (size_t)(start - r->text), key.text);
    skip_blanks(r);
    if (!accept(r, ':'))
        return fail_at(r, r->at, "':' after a key");
    json_t *value = read_value(r);
    if (value == NULL)
        return -1;
    return json_object_set_new_nocheck(object, key.text, value) == 0 ? 0 : fail_memory(r);
}

/* Reads a value into the array. 0 or -1. */
static int read_element(struct reader *r, json_t *array) {
    json_t *value = read_value(r);
    if (value == NULL)
        return -1;
    return json_array_append_new(array, value) == 0 ? 0 : fail_memory(r);
}

/* Reads the members of an object or the elements of an array into `into`, and the bracket that ends them. Returns
 * `into`; after an error releases it and returns NULL. */
static json_t *read_all(struct reader *r, json_t *into, int (*read_one)(struct reader *r, json_t *into), char end) {
    const char *const wanted = end == '}' ? "',' or '}'" : "',' or ']'";
    int result = allocated(r, into) == NULL ? -1 : 0;
    r->at++;
    skip_blanks(r);
    if (result == 0 && accept(r, end))
        return into;
    while (result == 0 && (result = read_one(r, into)) == 0) {
        skip_blanks(r);
        if (accept(r, end))
            return into;
        if (!accept(r, ','))
            result = fail_at(r, r->at, wanted);
        skip_blanks(r);
    }
    json_decref(into);
    return NULL;
}

static bool accept_word(struct reader *r, const char *word) {
    if (strncmp(r->at, word, strlen(word)) != 0)
        return false;
    r->at += strlen(word);
    return true;
}

/* Reads a value that is neither an object nor an array. */
static json_t *read_plain(struct reader *r) {
    struct string string;
    if (*r->at == '"')
        return read_string(r, &string) < 0 ? NULL : allocated(r, json_stringn_nocheck(string.text, string.length));
    return accept_word(r, "true")    ? json_true()
           : accept_word(r, "false") ? json_false()
           : accept_word(r, "null")  ? json_null()
                                     : read_number(r);
}

static json_t *read_value(struct reader *r) {
    skip_blanks(r);
    if (*r->at != '{' && *r->at != '[')
        return read_plain(r);
    if (r->depth == JSON_TEXT_DEPTH) {
        (void)fail_at(r, r->at, "fewer values within each other");
        return NULL;
    }
    r->depth++;
    json_t *list =
        *r->at == '{' ? read_all(r, json_object(), read_member, '}') : read_all(r, json_array(), read_element, ']');
    r->depth--;
    return list;
}

json_t *json_read(char *text, size_t length, const char *name) {
    struct reader reader = {.name = name, .text = text, .at = text, .end = text + length}, *r = &reader;
    skip_blanks(r);
    if (*r->at != '{' && *r->at != '[') {
        (void)fail_at(r, r->at, "'{' or '['");
        return NULL;
    }
    json_t *value = read_value(r);
    if (value == NULL)
        return NULL;
    skip_blanks(r);
    if (r->at == r->end)
        return value;
    (void)fail_at(r, r->at, "the end");
    json_decref(value);
    return NULL;
}

struct output_text {
    char *text;
    size_t length, room;
    bool failed;
};

/* Adds a part of a text, and a 0. What was allocated is the caller's, also after an error. */
static int add(const char *part, size_t length, void *context) {
    struct output_text *out = context;
    if (out->room - out->length <= length) {
        const size_t room = 2 * (out->length + length) + 256;
        char *text = out->failed ? NULL : realloc(out->text, room);
        if (text == NULL) {
            out->failed = true;
            return -1;
        }
        out->text = text;
        out->room = room;
    }
    memcpy(out->text + out->length, part, length);
    out->length += length;
    out->text[out->length] = '\0';
    return 0;
}

char *json_text(const json_t *value, size_t flags) {
    struct output_text out = {.text = NULL};
    if (json_dump_callback(value, add, &out, flags) == 0 && !out.failed)
        return out.text;
    free(out.text);
    return NULL;
}
