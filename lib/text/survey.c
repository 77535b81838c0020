/* SPDX-License-Identifier: MIT */
#include "text/survey.h"

#include "base/number.h"
#include "base/progress.h"
#include "base/utf8.h"

#include <stdlib.h>

/* Reads all lines. */
static int read_lines(struct survey *s, struct units *units, const struct unit *unit) {
    size_t count;
    int more;
    s->longest = 0;
    while ((more = units_line(units, unit, &count)) == 1) {
        if (s->most > 0 && units_check_length(units, count, s->most, "--length") < 0)
            return -1;
        s->longest = larger(s->longest, count);
        progress_items(units->lines, 0);
    }
    s->lines = units->lines;
    return more;
}

struct cut {
    const struct tokens *tokens;
};

static size_t take_token(void *cut, const char *text, size_t length) {
    size_t bytes;
    return tokens_match(((const struct cut *)cut)->tokens, text, length, &bytes) == 0 ? 0 : bytes;
}

int survey_tokens(struct survey *s, struct units *units, const struct tokens *tokens) {
    char wanted[ERROR_SUBJECT];
    struct cut cut = {tokens};
    const struct unit unit = {
        .context = &cut, .longest = tokens->longest, .take = take_token, .wanted = tokens_wanted(tokens, wanted)};
    return read_lines(s, units, &unit) < 0 ? -1 : units_rewind(units);
}

/* The codes that occur, a bit for each. */
struct codes {
    uint64_t bits[UTF8_CODES / 64];
};

static void add(struct codes *codes, uint32_t code) {
    codes->bits[code / 64] |= (uint64_t)1 << code % 64;
}

/* Returns the first code from `code` on that occurs; UTF8_CODES: there is none. */
static uint32_t next_code(const struct codes *codes, uint32_t code) {
    while (code < UTF8_CODES) {
        const uint64_t left = codes->bits[code / 64] >> code % 64;
        if (left != 0)
            return code + (uint32_t)__builtin_ctzll(left);
        code = (code / 64 + 1) * 64;
    }
    return UTF8_CODES;
}

static size_t take_character(void *codes, const char *text, size_t length) {
    uint32_t code;
    const size_t bytes = utf8_read(text, length, &code);
    if (bytes == 0 || code == 0)
        return 0;
    add(codes, code);
    return bytes;
}

static size_t take_byte(void *codes, const char *text, size_t length) {
    (void)length;
    add(codes, (unsigned char)*text);
    return *text != '\0';
}

/* Sets the vocabulary to the codes. */
static int set_tokens(struct tokens *tokens, const struct codes *codes, bool by_bytes, const char *name) {
    size_t count = 0, used = 0;
    for (uint32_t code = next_code(codes, 1); code < UTF8_CODES; code = next_code(codes, code + 1))
        count++;
    if (count == 0)
        return fail("%s: has only empty lines, wanted text in them", name);
    if (count > TOKENS_MAX)
        return fail("%s: has %zu different characters, wanted at most %zu, or --by byte", name, count, TOKENS_MAX);
    char *text = malloc(count * (UTF8_MAX + 1));
    if (text == NULL)
        return fail("%s: out of memory for %zu tokens", name, count);
    for (uint32_t code = next_code(codes, 1); code < UTF8_CODES; code = next_code(codes, code + 1)) {
        if (by_bytes)
            text[used++] = (char)code;
        else
            used += utf8_write(code, text + used);
        text[used++] = '\n';
    }
    const int result = tokens_set(tokens, text, used, name);
    free(text);
    return result;
}

int survey_vocabulary(struct survey *s, struct units *units, bool by_bytes, struct tokens *tokens) {
    struct codes *codes = calloc(1, sizeof *codes);
    if (codes == NULL)
        return fail("%s: out of memory for its characters", units->in.name);
    struct unit unit = {.context = codes,
                        .longest = UTF8_MAX,
                        .take = take_character,
                        .wanted = "UTF-8, or --by byte",
                        .by_bytes = true};
    if (by_bytes) {
        unit.longest = 1;
        unit.take = take_byte;
    }
    int result = read_lines(s, units, &unit);
    if (result == 0)
        result = set_tokens(tokens, codes, by_bytes, units->in.name);
    free(codes);
    if (result == 0 && units_rewind(units) < 0) {
        tokens_free(tokens);
        result = -1;
    }
    return result;
}
