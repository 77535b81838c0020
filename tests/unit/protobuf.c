/* SPDX-License-Identifier: MIT */
/* Messages of Protocol Buffers, against bytes that its documentation gives or that follow from it. */
#include "export/protobuf.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static void check_bytes(const struct protobuf *p, const void *wanted, size_t size) {
    EXPECT(protobuf_finish(p) == 0 && p->size == size, "%zu bytes, not %zu", p->size, size);
    EXPECT(p->size == size && memcmp(p->bytes, wanted, size) == 0, "other bytes");
}
#define CHECK_BYTES(p, wanted) check_bytes(p, wanted, sizeof(wanted) - 1)

static void numbers_have_seven_bits_per_byte(void) {
    struct protobuf p = {.name = "m.bin"};
    protobuf_number(&p, 1, 150);
    protobuf_number(&p, 2, 0);
    protobuf_number(&p, 15, 127);
    protobuf_number(&p, 16, 128);
    protobuf_number(&p, 3, UINT64_MAX); /* -1 */
    CHECK_BYTES(&p, "\x08\x96\x01"
                    "\x10\x00"
                    "\x78\x7f"
                    "\x80\x01\x80\x01"
                    "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    protobuf_free(&p);
}

static void texts_and_messages_begin_with_their_length(void) {
    struct protobuf p = {.name = "m.bin"};
    protobuf_text(&p, 2, "testing");
    const size_t outer = protobuf_begin(&p, 3), inner = protobuf_begin(&p, 1);
    protobuf_number(&p, 1, 150);
    protobuf_end(&p, inner);
    protobuf_bytes(&p, 4, "a\0b", 3);
    protobuf_end(&p, outer);
    const size_t empty = protobuf_begin(&p, 5);
    protobuf_end(&p, empty);
    CHECK_BYTES(&p, "\x12\x07testing"
                    "\x1a\x0a"
                    "\x0a\x03\x08\x96\x01"
                    "\x22\x03"
                    "a\0b"
                    "\x2a\x00");
    protobuf_free(&p);
}

static void a_length_of_more_bytes_moves_what_follows(void) {
    struct protobuf p = {.name = "m.bin"};
    char text[200], wanted[4 + 2 + sizeof text];
    memset(text, 'x', sizeof text);
    const size_t begin = protobuf_begin(&p, 1);
    protobuf_bytes(&p, 1, text, sizeof text);
    protobuf_end(&p, begin);
    memcpy(wanted, "\x0a\xcb\x01\x0a\xc8\x01", 6);
    memcpy(wanted + 6, text, sizeof text);
    check_bytes(&p, wanted, sizeof wanted);
    protobuf_free(&p);
}

static void a_message_beyond_the_limit_fails_and_stays_so(void) {
    struct protobuf p = {.name = "m.bin", .limit = 5};
    protobuf_number(&p, 1, 150);
    protobuf_number(&p, 1, 1);
    EXPECT(protobuf_finish(&p) == 0 && p.size == 5, "%zu bytes", p.size);
    const size_t begin = protobuf_begin(&p, 1);
    EXPECT(protobuf_finish(&p) == -1, "no error");
    EXPECT(strcmp(error_message(), "m.bin: takes more than 5 bytes as ONNX, wanted a smaller model") == 0, "%s",
           error_message());
    protobuf_end(&p, begin);
    protobuf_text(&p, 1, "");
    EXPECT(protobuf_finish(&p) == -1 && p.size == 5, "%zu bytes", p.size);
    protobuf_free(&p);
    /* A piece that alone is larger than any message. Its bytes are not read. */
    p = (struct protobuf){.name = "m.bin"};
    protobuf_bytes(&p, 1, "", SIZE_MAX);
    EXPECT(protobuf_finish(&p) == -1, "no error");
    EXPECT(strcmp(error_message(), "m.bin: takes more than 2147483647 bytes as ONNX, wanted a smaller model") == 0,
           "%s", error_message());
    protobuf_free(&p);
}

int main(void) {
    static const struct test tests[] = {
        {"numbers have seven bits per byte", numbers_have_seven_bits_per_byte},
        {"texts and messages begin with their length", texts_and_messages_begin_with_their_length},
        {"a length of more bytes moves what follows", a_length_of_more_bytes_moves_what_follows},
        {"a message beyond the limit fails, and stays so", a_message_beyond_the_limit_fails_and_stays_so},
    };
    return RUN(tests);
}
