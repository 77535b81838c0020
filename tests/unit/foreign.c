/* SPDX-License-Identifier: MIT */
/* Formats of other programs: told by the bytes that are there, and by nothing after them. */
#include "stream/foreign.h"
#include "test.h"

#include <string.h>

#define BYTES(text) \
    { text, sizeof(text) - 1 }

static const struct sample {
    const char *start;
    size_t size;
} samples[] = {
    BYTES("raw1 u8"),
    BYTES("II*\0"),
    BYTES("PAR1"),
    BYTES("\x89HDF\r\n\x1a\n"),
    BYTES("<?xml"),
    BYTES("BZh91AY&SY"),
    BYTES("P5\n28"),
    BYTES("\0\0\x08\3\0\0"),
    BYTES("<html>"),
    BYTES(" \n<!DOCTYPE "),
    BYTES("\xef\xbb\xbf{"),
    BYTES("\x40\0\0\0\0\0\0\0{\""),
    BYTES("\0\0\0\1\0\0\0\0{\""),
    BYTES("\xfe\xff\0,"),
    BYTES("\xff\xfe,\0"),
    BYTES("a\xf0\x9f\x98\x80"),
};

/* Each beginning of each sample is told to be the same, whether the sample's next bytes follow it or bytes that no
 * format has. */
static void what_follows_does_not_count(void) {
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t size = 0; size <= samples[i].size; size++) {
            char other[FOREIGN_BYTES];
            memset(other, 0xff, sizeof other);
            memcpy(other, samples[i].start, size);
            const struct foreign *one = foreign_find(samples[i].start, size), *two = foreign_find(other, size);
            EXPECT(one == two, "%zu bytes of sample %zu: %s, before other bytes %s", size, i,
                   one == NULL ? "nothing" : one->name, two == NULL ? "nothing" : two->name);
        }
}

static void whole_samples_are_known(void) {
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        EXPECT(foreign_find(samples[i].start, samples[i].size) != NULL, "sample %zu is not known", i);
}

int main(void) {
    static const struct test tests[] = {
        {"what follows the bytes that are there does not count", what_follows_does_not_count},
        {"whole samples are known", whole_samples_are_known},
    };
    return RUN(tests);
}
