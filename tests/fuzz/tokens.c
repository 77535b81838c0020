/* SPDX-License-Identifier: MIT */
/* A vocabulary, and a text that is cut by it. The first two bytes are the number of the vocabulary's bytes, which
 * follow; the other bytes are the text. */
#include "fuzz.h"
#include "text/survey.h"

#include <stdlib.h>
#include <string.h>

/* The longest token that the text begins with, as all of them are compared with it. */
static size_t longest(const struct tokens *t, const char *text, size_t length, size_t *bytes) {
    size_t found = 0;
    *bytes = 0;
    for (size_t k = 1; k <= t->count; k++) {
        size_t n;
        const char *token = tokens_text(t, k, &n);
        if (n > *bytes && n <= length && memcmp(token, text, n) == 0) {
            found = k;
            *bytes = n;
        }
    }
    return found;
}

static void check_match(const struct tokens *t, const char *text, size_t length, size_t number) {
    size_t bytes = 0, wanted;
    fuzz_expect(tokens_match(t, text, length, &bytes) == number);
    fuzz_expect(longest(t, text, length, &wanted) == number && (number == 0 || bytes == wanted));
}

/* Each token is found, and its lines are the vocabulary's text. */
static void check_tokens(const struct tokens *t, const char *text, size_t bytes) {
    size_t at = 0, length;
    fuzz_expect(t->count > 0 && t->count <= TOKENS_MAX && t->longest <= TOKEN_BYTES);
    for (size_t k = 1; k <= t->count; k++) {
        const char *token = tokens_text(t, k, &length);
        fuzz_expect(length > 0 && length <= t->longest && memchr(token, '\n', length) == NULL);
        fuzz_expect(at + length <= bytes && memcmp(text + at, token, length) == 0);
        check_match(t, token, length, k);
        at += length + 1;
    }
    fuzz_expect(at == bytes || at == bytes + 1);
    fuzz_expect((tokens_dtype(t) == DTYPE_U8) == (t->count < 256));
}

/* What the lines are cut into, checked as it is found. */
struct cutter {
    const struct tokens *tokens;
    size_t bytes;
};

static size_t take(void *context, const char *text, size_t length) {
    struct cutter *c = context;
    size_t bytes, number = longest(c->tokens, text, length, &bytes);
    check_match(c->tokens, text, length, number);
    c->bytes += bytes;
    return number == 0 ? 0 : bytes;
}

static void cut(const struct tokens *t, const char *path, size_t size) {
    struct units units;
    struct cutter cutter = {.tokens = t};
    const struct unit unit = {.context = &cutter, .longest = t->longest, .take = take, .wanted = "a token"};
    size_t count, total = 0;
    int more;
    if (units_open(&units, path) < 0)
        return;
    while ((more = units_line(&units, &unit, &count)) == 1)
        total += count;
    fuzz_expect(total <= cutter.bytes && cutter.bytes + units.lines <= size + 1);
    fuzz_expect(more < 0 || cutter.bytes + units.lines >= size);
    fuzz_expect(units.returns <= units.lines);
    units_close(&units);
}

/* The vocabulary of the text itself cuts it whole. */
static void survey(const char *path, bool by_bytes) {
    struct units units;
    struct tokens tokens;
    struct survey s = {.most = 0}, again = {.most = 0};
    if (units_open(&units, path) < 0)
        return;
    if (survey_vocabulary(&s, &units, by_bytes, &tokens) == 0) {
        fuzz_expect(survey_tokens(&again, &units, &tokens) == 0);
        fuzz_expect(again.lines == s.lines && again.longest == s.longest && s.longest > 0);
        tokens_free(&tokens);
    }
    units_close(&units);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tokens loaded, set;
    if (size < 2)
        return 0;
    const size_t bytes = (size_t)(data[0] + 256 * data[1]) % (size - 1);
    const char *text = (const char *)data + 2;
    const int result = tokens_load(&loaded, fuzz_file(data + 2, bytes));
    fuzz_expect(tokens_set(&set, text, bytes, "fuzz") == result);
    const char *path = fuzz_file(data + 2 + bytes, size - 2 - bytes);
    if (result == 0) {
        check_tokens(&loaded, text, bytes);
        check_tokens(&set, text, bytes);
        cut(&set, path, size - 2 - bytes);
        tokens_free(&loaded);
        tokens_free(&set);
    }
    survey(path, false);
    survey(path, true);
    return 0;
}
