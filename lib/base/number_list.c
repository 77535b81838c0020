/* SPDX-License-Identifier: MIT */
#include "base/number_list.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 40 /* bytes of an entry that a message has at most */

static int shown(size_t length) {
    return (int)(length < SHOWN ? length : SHOWN);
}

/* Parses an entry: a number, or a range. */
static int parse_entry(struct number_range *range, const char *name, const char *text, size_t length) {
    const char *hyphen = memchr(text, '-', length);
    const size_t first = hyphen == NULL ? length : (size_t)(hyphen - text);
    const char *last = hyphen == NULL ? text : hyphen + 1;
    if (!read_digits(text, first, &range->first) ||
        !read_digits(last, (size_t)(text + length - last), &range->last) || range->last > INT64_MAX)
        return fail("%s: found '%.*s', wanted a list of whole numbers from 0 to %" PRId64
                    " and ranges, such as 3,17,40-59",
                    name, shown(length), text, INT64_MAX);
    if (range->first > range->last)
        return fail("%s: found the range %.*s, wanted its smaller number first", name, shown(length), text);
    return 0;
}

static int add(struct number_list *list, const char *name, const char *text, size_t length) {
    struct number_range range;
    if (parse_entry(&range, name, text, length) < 0)
        return -1;
    if (list->count > 0 && range.first <= number_list_last(list))
        return fail("%s: found %" PRIu64 " after %" PRIu64 ", wanted increasing numbers, each of them once", name,
                    range.first, number_list_last(list));
    struct number_range *ranges = memory_grow(list->ranges, list->count, sizeof range);
    if (ranges == NULL) {
        (void)fail("%s: out of memory after %zu ranges", name, list->count);
        return CLI_NO_MEMORY;
    }
    list->ranges = ranges;
    list->ranges[list->count++] = range;
    return 0;
}

int number_list_parse(void *field, const char *name, const char *text) {
    struct number_list list = {.count = 0};
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        const int result = add(&list, name, text, length);
        if (result < 0) {
            number_list_free(&list);
            return result;
        }
        text += length;
        if (*text == '\0')
            break;
    }
    *(struct number_list *)field = list;
    return 0;
}

bool number_list_has(const struct number_list *list, uint64_t number, size_t *at) {
    while (*at < list->count && list->ranges[*at].last < number)
        ++*at;
    return *at < list->count && list->ranges[*at].first <= number;
}

uint64_t number_list_last(const struct number_list *list) {
    return list->ranges[list->count - 1].last;
}

uint64_t number_list_total(const struct number_list *list) {
    uint64_t total = 0;
    for (size_t i = 0; i < list->count; i++)
        total += list->ranges[i].last - list->ranges[i].first + 1;
    return total;
}

void number_list_free(struct number_list *list) {
    free(list->ranges);
    *list = (struct number_list){.count = 0};
}
