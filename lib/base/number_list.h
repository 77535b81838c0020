/* SPDX-License-Identifier: MIT */
#ifndef BASE_NUMBER_LIST_H
#define BASE_NUMBER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list of whole numbers and ranges of them, such as "3,17,40-59", from the command line. The numbers increase, so
 * that none stands twice, and a stream can be compared with the list as it passes. */

struct number_range {
    uint64_t first, last; /* both belong to it; last <= INT64_MAX */
};

struct number_list {
    struct number_range *ranges; /* owned */
    size_t count;                /* of ranges; 0: there is no list */
};

/* Parses a list to `list`, a struct number_list: for CLI_PARSE. 0, or with a message that begins with `name`, and
 * nothing to be freed: -1 for another text, or CLI_NO_MEMORY. */
int number_list_parse(void *list, const char *name, const char *text) __attribute__((warn_unused_result));

/* Whether the list has the number. *at is 0 at first, and then what the call before has left there; numbers are
 * asked for in increasing order. */
bool number_list_has(const struct number_list *list, uint64_t number, size_t *at);

/* The last number of a list, which is the largest. */
uint64_t number_list_last(const struct number_list *list);

/* How many numbers the list has; at most 2^63. */
uint64_t number_list_total(const struct number_list *list);

void number_list_free(struct number_list *list);

#endif
