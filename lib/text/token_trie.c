/* SPDX-License-Identifier: MIT */
#include "text/token_trie.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>

/* The tokens that begin as a node does: sorted[from .. to). */
struct family {
    uint16_t from, to, depth; /* depth: bytes of the beginning */
};

/* Bytes that both tokens begin with. */
static size_t common(const struct token_text *a, const struct token_text *b) {
    const size_t most = smaller(a->length, b->length);
    size_t n = 0;
    while (n < most && a->text[n] == b->text[n])
        n++;
    return n;
}

/* The number of different beginnings, the empty one included. */
static size_t count_nodes(const struct token_text *sorted, size_t count) {
    size_t n = 1;
    for (size_t i = 0; i < count; i++)
        n += sorted[i].length - (i == 0 ? 0 : common(&sorted[i - 1], &sorted[i]));
    return n;
}

/* Sets node i, and appends its children after the `n` nodes that there are. Returns their number with these. */
static size_t set_node(struct token_node *nodes, struct family *families, size_t i, size_t n,
                       const struct token_text *sorted) {
    const struct family f = families[i];
    size_t at = f.from;
    if (sorted[at].length == f.depth) /* the shortest one comes first */
        nodes[i].number = sorted[at++].number;
    nodes[i].first = (uint32_t)n;
    while (at < f.to) {
        const size_t begin = at;
        const char byte = sorted[at].text[f.depth];
        while (at < f.to && sorted[at].text[f.depth] == byte)
            at++;
        nodes[n] = (struct token_node){.byte = (unsigned char)byte};
        families[n] =
            (struct family){.from = (uint16_t)begin, .to = (uint16_t)at, .depth = (uint16_t)(f.depth + 1)};
        nodes[i].children++;
        n++;
    }
    return n;
}

int token_trie_create(struct token_trie *trie, const struct token_text *sorted, size_t count) {
    const size_t total = count_nodes(sorted, count);
    struct family *families = malloc(total * sizeof *families);
    memset(trie, 0, sizeof *trie);
    trie->nodes = calloc(total, sizeof *trie->nodes);
    if (families == NULL || trie->nodes == NULL) {
        free(families);
        token_trie_free(trie);
        return -1;
    }
    families[0] = (struct family){.from = 0, .to = (uint16_t)count};
    size_t n = 1;
    for (size_t i = 0; i < n; i++)
        n = set_node(trie->nodes, families, i, n, sorted);
    free(families);
    for (size_t i = 0; i < trie->nodes[0].children; i++)
        trie->start[trie->nodes[1 + i].byte] = (uint32_t)(1 + i);
    return 0;
}

void token_trie_free(struct token_trie *trie) {
    free(trie->nodes);
    trie->nodes = NULL;
}

/* Returns the child with that byte; 0: there is none. */
static size_t find_child(const struct token_trie *trie, const struct token_node *node, unsigned char byte) {
    size_t from = node->first, to = from + node->children;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const unsigned char found = trie->nodes[middle].byte;
        if (found == byte)
            return middle;
        if (found < byte)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

size_t token_trie_match(const struct token_trie *trie, const char *text, size_t length, size_t *bytes) {
    size_t at = trie->start[(unsigned char)text[0]], found = 0;
    for (size_t i = 1; at != 0; i++) {
        const struct token_node *node = &trie->nodes[at];
        if (node->number != 0) {
            found = node->number;
            *bytes = i;
        }
        at = i < length ? find_child(trie, node, (unsigned char)text[i]) : 0;
    }
    return found;
}
