/* SPDX-License-Identifier: MIT */
#include "text/tokens.h"

#include "base/io.h"
#include "base/number.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Refuses line `line` unless it is a token. */
static int check_line(const struct tokens *t, size_t line, const char *text, size_t length) {
    if (length == 0)
        return fail("%s: line %zu: is empty, wanted a token", t->name, line);
    if (memchr(text, '\0', length) != NULL)
        return fail("%s: line %zu: found a byte of value 0, wanted a token", t->name, line);
    if (length > TOKEN_BYTES)
        return fail("%s: line %zu: has %zu bytes, wanted a token of at most %zu", t->name, line, length,
                    TOKEN_BYTES);
    return line <= TOKENS_MAX
               ? 0
               : fail("%s: line %zu: found a token, wanted at most %zu of them", t->name, line, TOKENS_MAX);
}

/* Finds the tokens in the text, whose last line has an end. */
static int set_tokens(struct tokens *t, size_t bytes) {
    size_t lines = 0;
    for (size_t i = 0; i < bytes; i++)
        lines += t->text[i] == '\n';
    t->begin = malloc((lines + 1) * sizeof *t->begin);
    if (t->begin == NULL)
        return fail("%s: out of memory for %zu tokens", t->name, lines);
    for (size_t at = 0; at < bytes;) {
        const char *text = t->text + at;
        const size_t length = (size_t)((const char *)memchr(text, '\n', bytes - at) - text);
        if (check_line(t, t->count + 1, text, length) < 0)
            return -1;
        t->begin[t->count++] = at;
        t->longest = larger(t->longest, length);
        at += length + 1;
    }
    t->begin[t->count] = bytes;
    return t->count > 0 ? 0 : fail("%s: has no token, wanted one per line", t->name);
}

/* The order of their bytes. */
static int compare(const struct token_text *a, const struct token_text *b) {
    const int order = memcmp(a->text, b->text, smaller(a->length, b->length));
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Tokens that are equal are in the order of their lines. */
static int in_order(const void *a, const void *b) {
    const struct token_text *x = a, *y = b;
    const int order = compare(x, y);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* Refuses a token that stands twice, among tokens that are sorted. */
static int check_differ(const struct tokens *t, const struct token_text *sorted) {
    for (size_t i = 1; i < t->count; i++) {
        const struct token_text *a = &sorted[i - 1], *b = &sorted[i];
        if (compare(a, b) == 0)
            return fail("%s: line %zu: found the token '%.*s' of line %zu again, wanted each once", t->name,
                        (size_t)b->number, (int)b->length, b->text, (size_t)a->number);
    }
    return 0;
}

static int make_trie(struct tokens *t) {
    struct token_text *sorted = malloc(t->count * sizeof *sorted);
    int result = -1;
    if (sorted == NULL)
        return fail("%s: out of memory for %zu tokens", t->name, t->count);
    for (size_t k = 1; k <= t->count; k++) {
        size_t length;
        const char *text = tokens_text(t, k, &length);
        sorted[k - 1] = (struct token_text){.text = text, .length = (uint16_t)length, .number = (uint16_t)k};
    }
    qsort(sorted, t->count, sizeof *sorted, in_order);
    if (check_differ(t, sorted) == 0)
        result = token_trie_create(&t->trie, sorted, t->count) == 0
                     ? 0
                     : fail("%s: out of memory for %zu tokens", t->name, t->count);
    free(sorted);
    return result;
}

int tokens_set(struct tokens *t, const char *text, size_t bytes, const char *name) {
    *t = (struct tokens){.name = name, .text = malloc(bytes + 2)};
    if (t->text == NULL)
        return fail("%s: out of memory for its tokens", name);
    memcpy(t->text, text, bytes);
    if (bytes > 0 && text[bytes - 1] != '\n')
        t->text[bytes++] = '\n';
    t->text[bytes] = '\0';
    if (set_tokens(t, bytes) == 0 && make_trie(t) == 0)
        return 0;
    tokens_free(t);
    return -1;
}

/* Reads the whole input. Returns its bytes, or -1. */
static ssize_t read_text(const struct input *in, char **text) {
    size_t have = 0;
    for (size_t room = (size_t)1 << 16;; room = smaller(2 * room, TOKENS_TEXT + 1)) {
        char *longer = realloc(*text, room);
        if (longer == NULL)
            return fail("%s: out of memory for its tokens", in->name);
        *text = longer;
        const ssize_t n = input_read(in, *text + have, room - have);
        if (n < 0)
            return -1;
        have += (size_t)n;
        if (have > TOKENS_TEXT)
            return fail("%s: has more than %zu bytes, wanted at most as many of tokens", in->name, TOKENS_TEXT);
        if (have < room)
            return (ssize_t)have;
    }
}

int tokens_load(struct tokens *t, const char *path) {
    struct input in;
    char *text = NULL;
    t->text = NULL;
    if (input_open(&in, path) < 0)
        return -1;
    const ssize_t bytes = read_text(&in, &text);
    const int result = bytes < 0 ? -1 : tokens_set(t, text, (size_t)bytes, in.name);
    free(text);
    input_close(&in);
    return result;
}

int tokens_check_utf8(const struct tokens *t) {
    for (size_t k = 1; k <= t->count; k++) {
        size_t length, bytes;
        const char *text = tokens_text(t, k, &length);
        for (size_t at = 0; at < length; at += bytes) {
            uint32_t code;
            bytes = utf8_read(text + at, length - at, &code);
            if (bytes == 0)
                return fail("%s: line %zu: found bytes that are no UTF-8, wanted text, which a model file holds",
                            t->name, k);
        }
    }
    return 0;
}

int tokens_write(const struct tokens *t, const char *path, const char *input) {
    struct output out;
    if (output_create(&out, path, input) < 0)
        return -1;
    int result = output_write(&out, t->text, t->begin[t->count]);
    if (close(out.fd) < 0 && result == 0)
        result = fail_system(path, "cannot close");
    return result;
}

void tokens_free(struct tokens *t) {
    if (t->text == NULL)
        return;
    token_trie_free(&t->trie);
    free(t->begin);
    free(t->text);
    t->text = NULL;
}

size_t tokens_match(const struct tokens *t, const char *text, size_t length, size_t *bytes) {
    return token_trie_match(&t->trie, text, length, bytes);
}

const char *tokens_text(const struct tokens *t, size_t k, size_t *length) {
    *length = t->begin[k] - 1 - t->begin[k - 1];
    return t->text + t->begin[k - 1];
}

enum dtype tokens_dtype(const struct tokens *t) {
    return t->count < 256 ? DTYPE_U8 : DTYPE_I32;
}

/* True if the lines end with CRLF: each token ends with a carriage return, and has more than that. */
static bool have_returns(const struct tokens *t) {
    for (size_t k = 1; k <= t->count; k++) {
        size_t length;
        const char *text = tokens_text(t, k, &length);
        if (length < 2 || text[length - 1] != '\r')
            return false;
    }
    return true;
}

const char *tokens_note(const struct tokens *t) {
    size_t length;
    const char *text = tokens_text(t, 1, &length);
    if (have_returns(t))
        return "all tokens end with a carriage return (CR); tr -d '\\r' removes it";
    return length > strlen(UTF8_MARK) && utf8_has_mark(text, length)
               ? "the first token begins with a byte order mark (BOM); " UTF8_MARK_ADVICE
               : NULL;
}

const char *tokens_wanted(const struct tokens *t, char text[ERROR_SUBJECT]) {
    if (t->count == 1)
        snprintf(text, ERROR_SUBJECT, "the token of %s", t->name);
    else
        snprintf(text, ERROR_SUBJECT, "one of the %zu tokens of %s", t->count, t->name);
    return text;
}
