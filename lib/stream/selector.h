/* SPDX-License-Identifier: MIT */
#ifndef STREAM_SELECTOR_H
#define STREAM_SELECTOR_H

#include "stream/item_output.h"
#include "stream/selection.h"

/* Copies chosen items of a stream to standard output and, if there is a rest, the others to a file; with their
 * identifiers. Memory is constant, except for a random order. */
struct selector {
    /* Set by the caller. */
    const char *path; /* NULL or "-": stdin */
    struct selection selection;
    struct kept_elements kept;
    bool shuffle; /* write the chosen items in a random order, and `count` of these; wants a regular file */
    uint64_t shuffle_count; /* UINT64_MAX: all; the selection's count is then UINT64_MAX */
    const char *ids;        /* the identifiers of the items; NULL: none */
    const char *write_ids, *write_rest, *write_rest_ids; /* NULL: not written */
    /* Set by selector_run. */
    struct raw_reader reader;
    struct side_reader id_reader;
    struct item_output chosen, rest;
    unsigned char *side;         /* of the items at work; owned */
    unsigned char *items;        /* as they are read; owned */
    size_t item_bytes, capacity; /* of them */
};

#define SELECTOR_WINDOW ((size_t)1 << 20) /* items that are decided on at a time */

/* Copies the whole stream. 0 or -1. */
int selector_run(struct selector *selector) __attribute__((warn_unused_result));

/* For selector_run: copies the stream in a random order. 0 or -1. */
int selector_run_shuffled(struct selector *selector) __attribute__((warn_unused_result));

/* For both: called when the stream has ended. Checks that there was all that was asked for. 0 or -1. */
int selector_check_end(struct selector *selector) __attribute__((warn_unused_result));

#endif
