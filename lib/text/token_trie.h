/* SPDX-License-Identifier: MIT */
#ifndef TEXT_TOKEN_TRIE_H
#define TEXT_TOKEN_TRIE_H

#include <stddef.h>
#include <stdint.h>

/* A trie of tokens: each node is a beginning of a token, and each child has one byte more. */

struct token_node {
    uint32_t first;     /* its first child; the children follow each other, sorted by their bytes */
    uint16_t children;  /* their number */
    uint16_t number;    /* of the token that ends here; 0: none does */
    unsigned char byte; /* the last one of this beginning */
};

struct token_trie {
    struct token_node *nodes; /* owned; nodes[0] is the empty beginning */
    uint32_t start[256];      /* the node of each byte alone; 0: no token begins with it */
};

/* A token for token_trie_create. */
struct token_text {
    const char *text; /* not owned */
    uint16_t length, number;
};

/* Makes the trie of `count` tokens, which differ and are sorted by their bytes. 0; -1 without a message if there is
 * not enough memory. */
int token_trie_create(struct token_trie *trie, const struct token_text *sorted, size_t count);

void token_trie_free(struct token_trie *trie);

/* Returns the number of the longest token that the text begins with, and sets *bytes to its length; 0 if the text
 * begins with none. `length` is at least 1. */
size_t token_trie_match(const struct token_trie *trie, const char *text, size_t length, size_t *bytes);

#endif
