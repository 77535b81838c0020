/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

bool utf8_has_mark(const char *text, size_t size) {
    return size >= strlen(UTF8_MARK) && memcmp(text, UTF8_MARK, strlen(UTF8_MARK)) == 0;
}

size_t utf8_read(const char *text, size_t size, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* the first code point of that many bytes */
    const unsigned char *c = (const unsigned char *)text;
    if (size == 0 || c[0] < 0x80) {
        *code = size == 0 ? 0 : c[0];
        return size == 0 ? 0 : 1;
    }
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc0 || c[0] >= 0xf8 || size < length)
        return 0;
    uint32_t value = c[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (c[i] & 0x3fu);
    }
    *code = value;
    return value < least[length] || value >= UTF8_CODES || (value >= 0xd800 && value < 0xe000) ? 0 : length;
}

size_t utf8_write(uint32_t code, char text[UTF8_MAX]) {
    const size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0}; /* of the first byte, by the length */
    for (size_t i = length; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(first[length] | code);
    return length;
}
