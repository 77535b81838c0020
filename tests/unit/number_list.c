/* SPDX-License-Identifier: MIT */
/* Lists of numbers and ranges, from text; hostile ones too. */
#include "base/number_list.h"
#include "test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST "9223372036854775807"

/* Expects the numbers below 64 that the list has to be the bits of `wanted`, and how many numbers it has in all. */
static void expect_numbers(const char *text, uint64_t wanted, uint64_t total) {
    struct number_list list;
    uint64_t found = 0;
    size_t at = 0;
    const int failed = number_list_parse(&list, "--items", text);
    EXPECT(failed == 0, "'%s': %s", text, error_message());
    if (failed != 0)
        return;
    for (uint64_t i = 0; i < 64; i++)
        found |= (uint64_t)number_list_has(&list, i, &at) << i;
    EXPECT(found == wanted, "'%s' has numbers %" PRIx64 ", wanted %" PRIx64, text, found, wanted);
    EXPECT(number_list_total(&list) == total, "'%s' has %" PRIu64 " numbers, wanted %" PRIu64, text,
           number_list_total(&list), total);
    number_list_free(&list);
}

static void lists_have_their_numbers(void) {
    expect_numbers("0", 1, 1);
    expect_numbers("5", 1 << 5, 1);
    expect_numbers("007", 1 << 7, 1);
    expect_numbers("0-3,5,7-8", 0x1af, 7);
    expect_numbers("1-2,3-4", 0x1e, 4);
    expect_numbers("3-3", 1 << 3, 1);
    expect_numbers("0-63", UINT64_MAX, 64);
    expect_numbers("2," LARGEST, 1 << 2, 2);
    expect_numbers("0-" LARGEST, UINT64_MAX, (uint64_t)INT64_MAX + 1);
    expect_numbers("64-" LARGEST, 0, (uint64_t)INT64_MAX - 63);
}

static void numbers_may_be_far_apart(void) {
    struct number_list list;
    size_t at = 0;
    EXPECT(number_list_parse(&list, "--items", "1,1000000-" LARGEST) == 0, "%s", error_message());
    EXPECT(number_list_last(&list) == INT64_MAX, "last %" PRIu64, number_list_last(&list));
    EXPECT(number_list_has(&list, 1, &at) && !number_list_has(&list, 999999, &at) &&
               number_list_has(&list, 1000000, &at) && number_list_has(&list, INT64_MAX, &at) &&
               !number_list_has(&list, (uint64_t)INT64_MAX + 1, &at),
           "at %zu", at);
    number_list_free(&list);
}

static void many_numbers_are_taken(void) {
    struct number_list list;
    char *text = malloc(8 * 100000), *end = text;
    size_t at = 0;
    for (int i = 0; i < 100000; i++)
        end += sprintf(end, "%s%d", i > 0 ? "," : "", 2 * i);
    EXPECT(number_list_parse(&list, "--items", text) == 0, "%s", error_message());
    EXPECT(number_list_total(&list) == 100000, "%" PRIu64 " numbers", number_list_total(&list));
    for (uint64_t i = 0; i <= 200000; i++)
        if (number_list_has(&list, i, &at) != (i % 2 == 0 && i < 200000))
            EXPECT(false, "number %" PRIu64, i);
    number_list_free(&list);
    free(text);
}

static void expect_refused(const char *text, const char *wanted) {
    struct number_list list;
    EXPECT(number_list_parse(&list, "--items", text) == -1, "'%s' was taken", text);
    EXPECT(strncmp(error_message(), wanted, strlen(wanted)) == 0, "'%s': message: %s", text, error_message());
}

static void other_texts_are_refused(void) {
    static const char *const texts[] = {"",
                                        ",",
                                        "3,",
                                        ",3",
                                        "3,,4",
                                        "-",
                                        "-3",
                                        "3-",
                                        "3--4",
                                        "1-2-3",
                                        " 3",
                                        "3 ",
                                        "3, 4",
                                        "3;4",
                                        "+3",
                                        "0x10",
                                        "1e3",
                                        "3.0",
                                        "a",
                                        "3,a",
                                        "1-2,x-",
                                        "3:4",
                                        "\xff",
                                        "9223372036854775808",
                                        "0-9223372036854775808",
                                        "18446744073709551616",
                                        "99999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_refused(texts[i], "--items: found '");
    expect_refused("3,4x,5", "--items: found '4x', wanted a list of whole numbers from 0 to " LARGEST
                             " and ranges, such as 3,17,40-59");
    expect_refused("9-4", "--items: found the range 9-4, wanted its smaller number first");
    expect_refused("5,3", "--items: found 3 after 5, wanted increasing numbers, each of them once");
    expect_refused("5,5", "--items: found 5 after 5, wanted increasing numbers");
    expect_refused("1-5,5-9", "--items: found 5 after 5, wanted increasing numbers");
    expect_refused("1-5,2", "--items: found 2 after 5, wanted increasing numbers");
    expect_refused("0-" LARGEST ",0", "--items: found 0 after " LARGEST);
}

/* The message has the beginning of an entry. */
static void a_long_entry_is_cut_in_the_message(void) {
    char *text = calloc(1, 1000001);
    memset(text, '7', 1000000);
    expect_refused(text,
                   "--items: found '7777777777777777777777777777777777777777', wanted a list of whole numbers");
    free(text);
}

int main(void) {
    static const struct test tests[] = {
        {"lists have their numbers", lists_have_their_numbers},
        {"numbers may be far apart", numbers_may_be_far_apart},
        {"many numbers are taken", many_numbers_are_taken},
        {"other texts are refused: wrong characters, ranges, orders and sizes", other_texts_are_refused},
        {"a long entry is cut off in the message", a_long_entry_is_cut_in_the_message},
    };
    return RUN(tests);
}
