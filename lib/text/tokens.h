/* SPDX-License-Identifier: MIT */
#ifndef TEXT_TOKENS_H
#define TEXT_TOKENS_H

#include "base/error.h"
#include "stream/dtype.h"
#include "text/token_trie.h"

/* A vocabulary: the tokens that text is cut into. As text, it has one token per line, and line k is token number k,
 * from 1. Number 0 is no token: it ends an item. A token has any bytes but 0 and a line end. */

#define TOKENS_MAX ((size_t)65535)    /* tokens of a vocabulary */
#define TOKEN_BYTES ((size_t)4096)    /* bytes of a token */
#define TOKENS_TEXT ((size_t)1 << 22) /* bytes of a vocabulary's text */

struct tokens {
    const char *name; /* for messages: of the file that has them; not owned */
    size_t count;
    size_t longest; /* bytes of the longest token */
    char *text;     /* owned; NULL: not loaded. All tokens, each followed by a line end; then a 0 */
    size_t *begin;  /* owned: token k is text[begin[k - 1] .. begin[k] - 1), and then its line end */
    struct token_trie trie;
};

/* Loads a vocabulary from the file at `path`. Its last line needs no end. 0, or -1 with nothing to be freed. */
int tokens_load(struct tokens *tokens, const char *path) __attribute__((warn_unused_result));

/* Sets a vocabulary from its text, which is copied. `name` begins the message of a failure. 0, or -1 with nothing
 * to be freed. */
int tokens_set(struct tokens *tokens, const char *text, size_t bytes, const char *name)
    __attribute__((warn_unused_result));

/* Checks that the tokens are UTF-8, as a text in a model file must be. 0 or -1. */
int tokens_check_utf8(const struct tokens *tokens) __attribute__((warn_unused_result));

/* Creates the file at `path`, or empties it, and writes the vocabulary. Refuses a place that `input` (NULL or "-":
 * stdin) or standard output has, too. 0 or -1. */
int tokens_write(const struct tokens *tokens, const char *path, const char *input)
    __attribute__((warn_unused_result));

/* Does nothing if the vocabulary is not loaded. */
void tokens_free(struct tokens *tokens);

/* Returns the number of the longest token that the text begins with, and sets *bytes to its length; 0 if the text
 * begins with none. `length` is at least 1. */
size_t tokens_match(const struct tokens *tokens, const char *text, size_t length, size_t *bytes);

/* Returns token k, from 1, which is not terminated, and sets its length. */
const char *tokens_text(const struct tokens *tokens, size_t k, size_t *length);

/* The type of a stream of these numbers: u8 if there are at most 256 with 0, otherwise i32. */
enum dtype tokens_dtype(const struct tokens *tokens);

/* Returns a note on what is probably no part of the tokens: carriage returns, if the file's lines end with CRLF, or
 * a byte order mark. NULL: there is none. */
const char *tokens_note(const struct tokens *tokens);

/* Writes "one of the 18 tokens of FILE" to text, which it returns, for a message. */
const char *tokens_wanted(const struct tokens *tokens, char text[ERROR_SUBJECT]);

#endif
