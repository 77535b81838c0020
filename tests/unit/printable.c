/* SPDX-License-Identifier: MIT */
/* Text for a terminal, cut off between characters where there is no more room. */
#include "base/printable.h"
#include "test.h"

#include <string.h>

#define ROOM 32

/* Copies the text into each size, and expects the longest of the wanted beginnings that fits. */
static void expect_cut(const char *text, const char *const *pieces, size_t count) {
    for (size_t size = 1; size <= ROOM; size++) {
        char to[ROOM + 8], wanted[ROOM + 8] = "";
        for (size_t i = 0; i < count && strlen(wanted) + strlen(pieces[i]) < size; i++)
            strcat(wanted, pieces[i]);
        memset(to, '#', sizeof to);
        printable_copy(to, size, text);
        EXPECT(memchr(to, '\0', size) != NULL && strcmp(to, wanted) == 0, "'%.40s' in %zu bytes, wanted '%s'", to,
               size, wanted);
        for (size_t i = size; i < sizeof to; i++)
            EXPECT(to[i] == '#', "byte %zu of %zu was written", i, size);
    }
}

static void text_is_cut_between_characters(void) {
    static const char *const pieces[] = {"a",     "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\x1b",
                                         "\\xff", "z"};
    expect_cut("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x1b\xffz", pieces, sizeof pieces / sizeof *pieces);
}

static void an_empty_text_stays_empty(void) {
    expect_cut("", NULL, 0);
}

int main(void) {
    static const struct test tests[] = {
        {"text is cut off between characters, and nothing behind its room is written",
         text_is_cut_between_characters},
        {"an empty text stays empty", an_empty_text_stays_empty},
    };
    return RUN(tests);
}
